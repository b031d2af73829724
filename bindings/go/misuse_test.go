package capsule_test

import (
	"context"
	"errors"
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

// A library that tells a version, today's where none is given, and lacks all else; in a folder of its own.
func hollow(t *testing.T, name string, version ...string) string {
	t.Helper()
	object := filepath.Join(t.TempDir(), name)
	command := append([]string{"../../tests/abi/hollow_library.sh", "cc", object}, version...)
	if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return object
}

// What a program says that has another library, and must end for it.
func wantTold(t *testing.T, environment []string, told ...string) {
	t.Helper()
	out, err := helper(t, "new", environment...).CombinedOutput()
	for _, text := range told {
		if err == nil || !strings.Contains(string(out), text) {
			t.Errorf("%v: %s", err, out)
		}
	}
}

func TestAnOlderLibraryIsToldWithBothVersions(t *testing.T) {
	wantTold(t, []string{"LD_PRELOAD=" + hollow(t, "older.so", "0.0.9")}, "0.0.9", "0.1.")
}

func TestAMissingLibraryIsTold(t *testing.T) {
	command := helper(t, "new", "LD_LIBRARY_PATH=")
	out, err := command.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "libcapsule.so.0") {
		t.Errorf("%v: %s", err, out)
	}
}

// Functions are looked up at their first call, which the check of the version comes before; bound at once, the loader names one.
func TestAnOlderLibraryThatLacksFunctionsIsTold(t *testing.T) {
	path := "LD_LIBRARY_PATH=" + filepath.Dir(hollow(t, "libcapsule.so.0", "0.0.9"))
	wantTold(t, []string{path}, "0.0.9", "0.1.")
	wantTold(t, []string{path, "LD_BIND_NOW=1"}, "undefined symbol: capsule_")
}

// The loader says which.
func TestALibraryThatLacksAFunctionIsTold(t *testing.T) {
	wantTold(t, []string{"LD_LIBRARY_PATH=" + filepath.Dir(hollow(t, "libcapsule.so.0"))}, "undefined symbol: capsule_")
}

func TestAHandleOfAnotherKindIsRefused(t *testing.T) {
	runtime := newRuntime(t)
	pool, err := runtime.OpenPool(echoPool(1))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	other, err := runtime.OpenPool(echoPool(1))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	ofAnother, err := other.Acquire(within(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	for what, session := range map[string]*capsule.Session{"no": open(t, runtime, echo()), "another": ofAnother} {
		wantStatus(t, pool.GiveBack(session), capsule.StatusArgument)
		if !run(t, session, "value x").OK() {
			t.Errorf("the session of %s pool is not usable any more", what)
		}
	}
	if err := other.GiveBack(ofAnother); err != nil {
		t.Errorf("its own pool refuses it: %v", err)
	}
}
