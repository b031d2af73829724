package capsule_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"capsule"
)

// Not parallel: there is one sink.
func TestTheLogGoesToAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log 雪")
	err := capsule.SetLogSink(&capsule.LogOptions{
		Sink: capsule.LogSinkFile, Level: capsule.LogDebug, Format: capsule.LogJSON, Path: file})
	if err != nil {
		t.Fatal(err)
	}
	session := open(t, newRuntime(t), echo())
	run(t, session, "value secret-word")
	logged := func() int64 {
		written, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		return written.Size()
	}
	if err := session.SetLogLevel(capsule.LogOff); err != nil {
		t.Fatal(err)
	}
	before := logged()
	run(t, session, "value secret-word")
	if after := logged(); after != before {
		t.Errorf("%d bytes, then %d", before, after)
	}
	wantStatus(t, session.SetLogLevel(100), capsule.StatusArgument)
	if err := capsule.SetLogSink(nil); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil || len(text) == 0 || strings.Contains(string(text), "secret-word") {
		t.Fatalf("%v, %s", err, text)
	}
	lines := uint64(0)
	for line := range strings.Lines(string(text)) {
		var record struct{ Event string }
		if err := json.Unmarshal([]byte(line), &record); err != nil || record.Event == "" {
			t.Errorf("%v, %s", err, line)
		}
		lines++
	}
	info, err := capsule.LogRecords()
	if err != nil || info.Records[0]+info.Records[1]+info.Records[2]+info.Records[3] < lines {
		t.Errorf("%v, %+v for %d lines", err, info, lines)
	}
	wantStatus(t, capsule.SetLogSink(&capsule.LogOptions{Sink: capsule.LogSinkFile, Path: "/nowhere/log"}), capsule.StatusSystem)
	wantStatus(t, capsule.SetLogSink(&capsule.LogOptions{Sink: capsule.LogSinkCallback}), capsule.StatusArgument)
}
