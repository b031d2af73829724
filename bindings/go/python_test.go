package capsule_test

import (
	"path/filepath"
	"strings"
	"testing"

	"capsule"
)

func TestValuesBuffersAndNames(t *testing.T) {
	ctx := within(t)
	session := open(t, newRuntime(t), nil)
	given, err := capsule.JSON(map[string]any{"a": []int{1, 2}})
	if err == nil {
		err = session.Set(ctx, "given", given, capsule.SetOverwrite)
	}
	if err != nil {
		t.Fatal(err)
	}
	var back map[string][]int
	value, err := session.Get(ctx, "given", capsule.ValueJSON)
	if err != nil || value.Decode(&back) != nil || back["a"][1] != 2 || value.TypeName != "dict" {
		t.Errorf("%v, %+v", err, value)
	}
	buffer, err := capsule.NewBuffer(8 * 1_000)
	if err != nil {
		t.Fatal(err)
	}
	defer buffer.Close()
	buffer.Bytes()[8] = 7
	items := &capsule.Value{Kind: capsule.ValueBuffer, Format: "q", Shape: []int64{10, 100}, Buffer: buffer}
	if err := session.Set(ctx, "items", items, capsule.SetOverwrite); err != nil {
		t.Fatal(err)
	}
	if result := run(t, session, "(items.shape, items[0, 1], items.readonly)"); !result.OK() || *result.End.Repr != "((10, 100), 7, True)" {
		t.Errorf("%+v", result.End)
	}
	value, err = session.Get(ctx, "items", capsule.ValueBuffer)
	if err != nil || len(value.Data) != 8_000 || value.Format != "q" || value.Shape[1] != 100 || value.Strides[0] != 800 || value.Data[8] != 7 {
		t.Errorf("%v: %d bytes, %q, %v, %v", err, len(value.Data), value.Format, value.Shape, value.Strides)
	}
	names, total, err := session.List(ctx, 1)
	if err != nil || total != 2 || len(names) != 1 || names[0].Name != "given" || names[0].Kind != capsule.NameValue {
		t.Errorf("%v, %d, %+v", err, total, names)
	}
	_, err = session.Get(ctx, "nothing", capsule.ValueJSON)
	wantStatus(t, err, capsule.StatusName)
}

func TestCheckpointsGoFromSessionToSession(t *testing.T) {
	ctx := within(t)
	runtime := newRuntime(t)
	first, second := open(t, runtime, nil), open(t, runtime, nil)
	run(t, first, "x = [1, 2]\nlock = __import__('threading').Lock()")
	options := capsule.DefaultCheckpointOptions()
	options.Key = strings.Repeat("k", 32)
	made, err := first.Checkpoint(ctx, options)
	if err != nil {
		t.Fatal(err)
	}
	defer made.Close()
	data, err := made.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "checkpoint")
	if err := made.WriteFile(file); err != nil {
		t.Fatal(err)
	}
	read, err := capsule.ReadCheckpointFile(file, options)
	if err != nil {
		t.Fatal(err)
	}
	info, err := read.Info()
	if err != nil || !info.IsSigned || !info.IsVerified || info.Names != 1 || info.Skipped != 1 || info.SizeBytes != uint64(len(data)) {
		t.Errorf("%v, %+v", err, info)
	}
	report, err := second.RestoreCheckpoint(ctx, read, 0)
	if err != nil || len(report) == 0 {
		t.Errorf("%v, %+v", err, report)
	}
	if result := run(t, second, "x"); *result.End.Repr != "[1, 2]" {
		t.Errorf("%+v", result.End)
	}
	for _, kept := range []*capsule.Checkpoint{made, read} {
		before, err := second.Checkpoints()
		if err != nil || len(before) > 1 {
			t.Errorf("%v, %d", err, len(before))
		}
		if err := second.KeepCheckpoint(kept); err != nil {
			t.Fatal(err)
		}
		list, err := second.Checkpoints()
		if err != nil || len(list) != 1 {
			t.Fatalf("%v, %d", err, len(list))
		}
		if bytes, err := list[0].Bytes(); err != nil || string(bytes) != string(data) {
			t.Errorf("%v, %d", err, len(bytes))
		}
	}
	data[len(data)/2] ^= 1
	_, err = capsule.ReadCheckpoint(data, options)
	wantStatus(t, err, capsule.StatusCheckpoint)
}

func TestDiagnosticsAreRecords(t *testing.T) {
	session := open(t, newRuntime(t), nil)
	run(t, session, "print('x')\nimport asyncio\nawait asyncio.sleep(0)")
	info, err := session.Info()
	if err != nil || info.ExecutionsSucceeded != 1 || info.State != capsule.SessionIdle || info.PythonVersion == "" {
		t.Errorf("%v, %+v", err, info)
	}
	executor, err := session.ExecutorMetrics()
	if err != nil || executor.OutputsEnqueued == 0 {
		t.Errorf("%v, %+v", err, executor)
	}
	loop, err := session.AsyncMetrics()
	if err != nil || loop.ModeTopLevelAwait != 1 {
		t.Errorf("%v, %+v", err, loop)
	}
	_, err = session.LimiterMetrics()
	wantStatus(t, err, capsule.StatusState)
	events, told, err := session.Trace(&capsule.TraceFilter{Kind: capsule.TraceExecutionFinished})
	if err != nil || len(events) != 1 || events[0].Kind != capsule.TraceExecutionFinished || told.Matched != 1 {
		t.Errorf("%v, %+v, %+v", err, events, told)
	}
}
