package capsule_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"capsule"
)

func TestWhatIsClosedAnswersAnError(t *testing.T) {
	runtime := newRuntime(t)
	session := open(t, runtime, echo())
	execution := start(t, session, "value x")
	execution.Close()
	_, err := execution.Next(context.Background())
	wantStatus(t, err, capsule.StatusHandle)
	wantStatus(t, execution.Cancel(0), capsule.StatusHandle)
	session.Close()
	_, err = session.Execute(context.Background(), "value x", nil)
	wantStatus(t, err, capsule.StatusHandle)
	_, err = session.Info()
	wantStatus(t, err, capsule.StatusHandle)
	runtime.Close()
	_, err = runtime.Open(context.Background(), echo())
	wantStatus(t, err, capsule.StatusHandle)
}

func TestTextsThatAreNoneAreRefused(t *testing.T) {
	session := open(t, newRuntime(t), echo())
	for _, source := range []string{"", "out a\x00b", "out \xff\xfe"} {
		_, err := session.Execute(context.Background(), source, nil)
		wantStatus(t, err, capsule.StatusArgument)
		if !errors.Is(err, capsule.StatusArgument) || errors.Is(err, capsule.StatusClosed) {
			t.Errorf("errors.Is does not know %v", err)
		}
		var own *capsule.Error
		if !errors.As(err, &own) || own.Message == "" {
			t.Errorf("errors.As does not know %v", err)
		}
	}
	execution := start(t, session, "input who?")
	input := until(t, execution, capsule.EventInput)
	wantStatus(t, execution.Answer(input.InputID, "a\x00b"), capsule.StatusArgument)
	wantStatus(t, execution.Answer(input.InputID, "\xff"), capsule.StatusArgument)
	wantStatus(t, execution.Answer(input.InputID+1, "a"), capsule.StatusState)
}

func TestOptionsOutOfRangeAreRefused(t *testing.T) {
	runtime := newRuntime(t)
	options := echo()
	options.QueueLimit = 1_000_000
	_, err := runtime.Open(context.Background(), options)
	wantStatus(t, err, capsule.StatusArgument)
	if err == nil || !strings.Contains(err.Error(), "queue_limit") {
		t.Errorf("%v does not name the option", err)
	}
	options = echo()
	options.Environment = []string{"no equals sign"}
	_, err = runtime.Open(context.Background(), options)
	wantStatus(t, err, capsule.StatusArgument)
}

func TestACanceledContextStartsNothing(t *testing.T) {
	runtime := newRuntime(t)
	session := open(t, runtime, echo())
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := session.Execute(ctx, "value x", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if _, err := runtime.Open(ctx, echo()); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	info, err := session.Info()
	if err != nil || info.ExecutionsStarted != 0 {
		t.Errorf("%v, %+v", err, info)
	}
}

func TestAMissingWorkerIsTold(t *testing.T) {
	options := capsule.DefaultRuntimeOptions()
	options.WorkerDir = filepath.Join(t.TempDir(), "none")
	runtime, err := capsule.New(options)
	if err != nil {
		t.Fatal(err)
	}
	defer runtime.Close()
	_, err = runtime.Open(context.Background(), echo())
	wantStatus(t, err, capsule.StatusWorker)
	if err == nil || !strings.Contains(err.Error(), options.WorkerDir) {
		t.Errorf("%v does not name the folder", err)
	}
}

func TestAMissingInterpreterIsTold(t *testing.T) {
	options := capsule.DefaultSessionOptions()
	options.Python = "/nowhere/python3"
	_, err := newRuntime(t).Open(context.Background(), options)
	wantStatus(t, err, capsule.StatusPython)
}

func init() {
	helpers["new"] = func() error {
		runtime, err := capsule.New(nil)
		if err != nil {
			return err
		}
		return runtime.Close()
	}
}

// Compiles a library that is not the real one, into a folder of its own.
func built(t *testing.T, name, text string) string {
	t.Helper()
	folder := t.TempDir()
	object, versions := filepath.Join(folder, name), filepath.Join(folder, "versions.map")
	if err := os.WriteFile(versions, []byte("CAPSULE_0 { global: *; };"), 0o644); err != nil {
		t.Fatal(err)
	}
	compiler := exec.Command("cc", "-shared", "-fPIC", "-Wl,--version-script="+versions, "-o", object, "-x", "c", "-")
	compiler.Stdin = strings.NewReader(text)
	if out, err := compiler.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return object
}

func TestAnOlderLibraryIsToldWithBothVersions(t *testing.T) {
	older := built(t, "older.so", `unsigned capsule_version_number(void) { return 9; }
const char *capsule_version(void) { return "0.0.9"; }`)
	out, err := helper(t, "new", "LD_PRELOAD="+older).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "0.0.9") || !strings.Contains(string(out), "0.1.") {
		t.Errorf("%v: %s", err, out)
	}
}

func TestAMissingLibraryIsTold(t *testing.T) {
	command := helper(t, "new", "LD_LIBRARY_PATH=")
	out, err := command.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "libcapsule.so.0") {
		t.Errorf("%v: %s", err, out)
	}
}

// The loader says which.
func TestALibraryThatLacksAFunctionIsTold(t *testing.T) {
	lacking := built(t, "libcapsule.so.0", "unsigned capsule_version_number(void) { return 1000; }")
	out, err := helper(t, "new", "LD_LIBRARY_PATH="+filepath.Dir(lacking)).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "undefined symbol: capsule_") {
		t.Errorf("%v: %s", err, out)
	}
}

func TestAHandleOfAnotherKindIsRefused(t *testing.T) {
	runtime := newRuntime(t)
	pool, err := runtime.OpenPool(echoPool(1))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	session := open(t, runtime, echo())
	wantStatus(t, pool.GiveBack(session), capsule.StatusArgument)
	if !run(t, session, "value x").OK() {
		t.Error("the session is not usable any more")
	}
}
