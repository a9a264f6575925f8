// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

// Go's own HTTP client: sends a heartbeat from a reader whose length it does not know, and prints
// the data of each event as soon as it has it. test-go looks what that is, and when it comes. B3, B18
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// A reader that tells nobody how much there is in it.
func beat(url string) {
	body := io.MultiReader(bytes.NewBufferString(`{"worker_id":"go",`),
		bytes.NewBufferString(`"status":"ready"}`))
	answer, err := http.Post(url+"/v1/worker-heartbeat", "application/json", body)
	fail(err)
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		fail(fmt.Errorf("the heartbeat was answered with %s", answer.Status))
	}
}

func main() {
	url := os.Args[1]
	beat(url)
	answer, err := http.Get(url + "/v1/heartbeats/stream?history=1")
	fail(err)
	defer answer.Body.Close()
	// Not bufio.Scanner: it gives up at lines over 64 KiB, and with some thousand workers the
	// queen's own heartbeat is longer.
	reader := bufio.NewReader(answer.Body)
	for {
		line, err := reader.ReadString('\n')
		if err == io.EOF {
			return
		}
		fail(err)
		if strings.HasPrefix(line, "data: ") {
			fmt.Print(line[len("data: "):])
		}
	}
}
