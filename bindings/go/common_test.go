package capsule_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"capsule"
)

// Longest wait for what takes milliseconds when it works.
const patience = 60 * time.Second

func newRuntime(t testing.TB) *capsule.Runtime {
	t.Helper()
	runtime, err := capsule.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := runtime.Close(); err != nil {
			t.Error(err)
		}
	})
	return runtime
}

func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// A session of the echo executor, which needs no Python; worker/executor/echo.hpp has its language.
func echo() *capsule.SessionOptions {
	options := capsule.DefaultSessionOptions()
	options.Executor = capsule.ExecutorEcho
	return options
}

func open(t testing.TB, runtime *capsule.Runtime, options *capsule.SessionOptions) *capsule.Session {
	t.Helper()
	session, err := runtime.Open(within(t), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { session.Close() })
	return session
}

func run(t testing.TB, session *capsule.Session, source string) *capsule.Result {
	t.Helper()
	result, err := session.Run(within(t), source, nil)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func start(t testing.TB, session *capsule.Session, source string) *capsule.Execution {
	t.Helper()
	execution, err := session.Execute(within(t), source, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { execution.Close() })
	return execution
}

// Takes events until one of that kind.
func until(t testing.TB, execution *capsule.Execution, kind capsule.EventKind) *capsule.Event {
	t.Helper()
	for {
		event, err := execution.Next(within(t))
		if err != nil {
			t.Fatal(err)
		}
		if event.Kind == kind {
			return event
		}
	}
}

func wantStatus(t testing.TB, err error, status capsule.Status) {
	t.Helper()
	if got := capsule.StatusOf(err); got != status {
		t.Errorf("the error is %v (%v), not one of %v", err, got, status)
	}
}

// A process as a descriptor, which is readable once that process is gone.
func watchProcess(t testing.TB, pid int) int {
	t.Helper()
	fd, _, number := syscall.Syscall(434, uintptr(pid), 0, 0) // pidfd_open, on every architecture.
	if number != 0 {
		t.Fatal("pidfd_open: " + number.Error())
	}
	t.Cleanup(func() { syscall.Close(int(fd)) })
	return int(fd)
}

func waitForEnd(t testing.TB, pidfd int) {
	t.Helper()
	watched := struct {
		fd              int32
		events, revents int16
	}{fd: int32(pidfd), events: 1} // POLLIN
	for deadline := time.Now().Add(patience); ; {
		left := syscall.NsecToTimespec(max(0, time.Until(deadline).Nanoseconds()))
		ready, _, number := syscall.Syscall6(
			syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&watched)), 1, uintptr(unsafe.Pointer(&left)), 0, 0, 0)
		switch {
		case number == syscall.EINTR:
		case number != 0:
			t.Fatal("ppoll: " + number.Error())
		case ready == 0:
			t.Fatal("a process that should end is still there")
		default:
			return
		}
	}
}

// The number behind a name in /proc/self/status.
func statusNumber(t testing.TB, name string) (number int) {
	t.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, found := strings.CutPrefix(line, name+":"); found {
			fmt.Sscan(rest, &number)
		}
	}
	return number
}

func descriptors(t testing.TB) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// What this test program does when it is started again, by the name in the environment.
var helpers = map[string]func() error{}

const helperVariable = "CAPSULE_GO_TEST_HELPER"

func TestMain(m *testing.M) {
	if helper := helpers[os.Getenv(helperVariable)]; helper != nil {
		if err := helper(); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// This program again, as that helper.
func helper(t testing.TB, name string, environment ...string) *exec.Cmd {
	t.Helper()
	command := exec.CommandContext(within(t), os.Args[0])
	command.Env = append(append(os.Environ(), helperVariable+"="+name), environment...)
	return command
}

func startHelper(t testing.TB, name string) (command *exec.Cmd, lines *bufio.Scanner) {
	t.Helper()
	command = helper(t, name)
	command.Stderr = os.Stderr
	out, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	return command, bufio.NewScanner(out)
}
