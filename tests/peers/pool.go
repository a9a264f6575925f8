// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

// pool URL COUNT: so many heartbeats through net/http's own pool of kept connections.

package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
)

func beat(url string, number int) {
	body := fmt.Sprintf(`{"worker_id":"go-%d","status":"ready"}`, number)
	answer, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	if _, err = io.Copy(io.Discard, answer.Body); err != nil || answer.StatusCode != 200 {
		log.Fatal(answer.Status, err)
	}
}

func main() {
	const atOnce = 8

	count, err := strconv.Atoi(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	http.DefaultTransport.(*http.Transport).MaxIdleConnsPerHost = atOnce

	var group sync.WaitGroup
	for number := 0; number < atOnce; number++ {
		group.Add(1)
		go func(number int) {
			defer group.Done()
			for i := 0; i < count/atOnce; i++ {
				beat(os.Args[1], number)
			}
		}(number)
	}
	group.Wait()
}
