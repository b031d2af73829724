package capsule_test

import (
	"context"
	"fmt"
	"testing"

	"capsule"
)

// The functions and lines of the first thread, the innermost first.
func told(stack *capsule.StackTrace) (frames string) {
	if stack == nil || len(stack.Threads) == 0 {
		return "none"
	}
	for _, frame := range stack.Threads[0].Frames {
		frames += fmt.Sprintf("%s:%d ", frame.Function, frame.Line)
	}
	return frames
}

func stackOf(t *testing.T, session *capsule.Session, options *capsule.StackOptions) *capsule.StackTrace {
	t.Helper()
	stack, err := session.Stack(options)
	if err != nil {
		t.Fatal(err)
	}
	return stack
}

func TestAStackTellsWherePythonStandsAndWhereItStood(t *testing.T) {
	runtime := newRuntime(t)
	session := open(t, runtime, nil)
	execution := start(t, session, "import os\ndef ask():\n    return input('in')\nif ask() == 'end':\n    os.abort()")
	request := until(t, execution, capsule.EventInput)
	counted := stackOf(t, session, nil).Threads[0]
	if !counted.Info.IsMain || counted.Info.FramesOmitted != 2 || len(counted.Frames) != 0 {
		t.Errorf("%+v", counted)
	}
	policy := capsule.DefaultIntrospectionPolicy()
	policy.Stack, policy.Postmortem, policy.MaxLabelBytes = capsule.InspectFull, capsule.InspectFull, 1024
	if err := runtime.SetIntrospectionPolicy(policy); err != nil {
		t.Fatal(err)
	}
	options := capsule.DefaultStackOptions()
	options.MaxFrames = 1
	living := stackOf(t, session, options)
	if told(living) != "ask:3 " || living.Info.Source != capsule.StackMemory || living.Threads[0].Info.FramesOmitted == 0 {
		t.Errorf("%+v", living)
	}
	if err := execution.Answer(request.InputID, "end"); err != nil {
		t.Fatal(err)
	}
	until(t, execution, capsule.EventError)
	postmortem, err := session.Postmortem(0)
	if err != nil || told(postmortem.Stack) != "<module>:5 " {
		t.Fatalf("%v, %+v", err, postmortem)
	}
	dead := postmortem.Stack
	if dead.Info.Source != capsule.StackDeath || dead.Info.Cause != "Aborted" || !dead.Threads[0].Info.Hit || told(stackOf(t, session, nil)) != told(dead) {
		t.Errorf("%+v", dead)
	}
}

func TestATraceNamesWhatWasCalledAsThePolicyShowsIt(t *testing.T) {
	runtime := newRuntime(t)
	bridge, err := runtime.OpenBridge(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer bridge.Close()
	if err := bridge.Handle("customers", "", func(context.Context, *capsule.Call) (any, error) { return 1, nil }); err != nil {
		t.Fatal(err)
	}
	options := echo()
	options.Bridge, options.Rules = bridge, []capsule.Rule{{Capability: "*", Decision: capsule.PolicyAllow}}
	session := open(t, runtime, options)
	run(t, session, "call customers {}")
	events, info, err := session.Trace(&capsule.TraceFilter{Kind: capsule.TraceCapabilityCalled})
	if err != nil || len(events) != 1 || info.Labels != 1 {
		t.Fatalf("%v, %+v, %+v", err, events, info)
	}
	if label, err := session.TraceLabel(events[0].Label); err != nil || label.Form != capsule.LabelDropped || label.Text != "" {
		t.Errorf("%v, %+v", err, label)
	}
	policy := capsule.DefaultIntrospectionPolicy()
	policy.Trace = capsule.InspectFull
	if err := runtime.SetIntrospectionPolicy(policy); err != nil {
		t.Fatal(err)
	}
	if label, err := session.TraceLabel(events[0].Label); err != nil || label.Text != "customers" {
		t.Errorf("%v, %+v", err, label)
	}
	_, err = session.TraceLabel(events[0].Label + 1)
	wantStatus(t, err, capsule.StatusArgument)

	given := capsule.DefaultExecutionOptions()
	given.Traceparent = "00-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-bbbbbbbbbbbbbbbb-01"
	for _, one := range []*capsule.ExecutionOptions{nil, given} {
		result, err := session.Run(within(t), "value 1", one)
		if err != nil {
			t.Fatal(err)
		}
		context, err := session.TraceContext(result.End.ExecutionID)
		if err != nil || context.Given != (one != nil) || (one != nil) != (context.Traceparent == given.Traceparent) {
			t.Errorf("%v, %+v", err, context)
		}
	}
	_, err = session.TraceContext(1000)
	wantStatus(t, err, capsule.StatusArgument)
}
