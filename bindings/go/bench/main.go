// The peer of capsule-bench for Go. Each line on stdin is a count; the answer is one line with the nanoseconds of that many
// executions of `1+1`.
package main

import (
	"bufio"
	"capsule"
	"context"
	"fmt"
	"log"
	"os"
	"strconv"
	"time"
)

func roundTrip(session *capsule.Session) time.Duration {
	started := time.Now()
	result, err := session.Run(context.Background(), "1+1", nil)
	elapsed := time.Since(started)
	if err != nil || !result.OK() || *result.End.Repr != "2" {
		log.Fatalf("the session answered %v, %+v", err, result)
	}
	return elapsed
}

func main() {
	runtime, err := capsule.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer runtime.Close()
	session, err := runtime.Open(context.Background(), nil)
	if err != nil {
		log.Fatal(err)
	}
	lines, answers := bufio.NewScanner(os.Stdin), bufio.NewWriter(os.Stdout) // Who reads is not to wake up in between.
	for lines.Scan() {
		count, err := strconv.Atoi(lines.Text())
		if err != nil {
			log.Fatal(err)
		}
		for range count {
			fmt.Fprint(answers, roundTrip(session).Nanoseconds(), " ")
		}
		fmt.Fprintln(answers)
		answers.Flush()
	}
}
