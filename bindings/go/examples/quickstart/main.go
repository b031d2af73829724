package main

import (
	"capsule"
	"context"
	"fmt"
	"log"
	"time"
)

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
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	execution, err := session.Execute(ctx, "name = input('name? ')\nprint('Hello', name)\n6 * 7", nil)
	if err != nil {
		log.Fatal(err)
	}
	for event, err := range execution.Events() {
		switch {
		case err != nil:
			log.Fatal(err)
		case event.Kind == capsule.EventOutput:
			fmt.Print(event.Data)
		case event.Kind == capsule.EventInput:
			execution.Answer(event.InputID, "Ada")
		case event.Kind == capsule.EventResult:
			fmt.Println("result:", *event.Repr)
		}
	}
}
