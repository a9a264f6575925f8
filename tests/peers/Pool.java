// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

// Pool URL COUNT: so many heartbeats through Java's own pool of kept connections.

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.stream.IntStream;

class Pool {
  public static void main(String[] arguments) {
    var client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    var uri = URI.create(arguments[0]);

    for (int done = 0; done < Integer.parseInt(arguments[1]); done += 8) {
      var answers = IntStream.range(0, 8)
          .mapToObj(number -> "{\"worker_id\":\"java-" + number + "\",\"status\":\"ready\"}")
          .map(body -> HttpRequest.newBuilder(uri).header("Content-Type", "application/json")
              .POST(HttpRequest.BodyPublishers.ofString(body)).build())
          .map(request -> client.sendAsync(request, BodyHandlers.ofString()))
          .toList();

      for (var answer : answers)
        if (answer.join().statusCode() != 200)
          throw new IllegalStateException(answer.join().body());
    }
    System.exit(0);
  }
}
