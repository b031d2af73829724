package main

import (
	"capsule"
	"context"
	"fmt"
)

func main() {
	runtime := capsule.Must(capsule.New(nil))
	defer runtime.Close()
	session := capsule.Must(runtime.Open(context.Background(), nil))
	execution := capsule.Must(session.Execute(context.Background(), "name = input('name? ')\nprint('Hello', name)\n6 * 7", nil))
	for event, err := range execution.Events() {
		switch capsule.Must(event, err).Kind {
		case capsule.EventOutput:
			fmt.Print(event.Data)
		case capsule.EventInput:
			execution.Answer(event.InputID, "Ada")
		case capsule.EventResult:
			fmt.Println("result:", *event.Repr)
		}
	}
}
