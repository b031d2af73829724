package capsule_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	goruntime "runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"capsule"
)

func TestManyExecutionsLeakNeitherMemoryNorDescriptors(t *testing.T) {
	count := 10_000
	if text := os.Getenv("CAPSULE_LEAK_EXECUTIONS"); text != "" {
		count, _ = strconv.Atoi(text)
	}
	session := open(t, newRuntime(t), echo())
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	repeat := func(count int) {
		for range count {
			result, err := session.Run(ctx, "out a line\nvalue x", nil)
			if err != nil || result.Stdout != "a line\n" {
				t.Fatalf("%v, %+v", err, result)
			}
		}
		goruntime.GC()
	}
	repeat(count / 10)
	memory, open := statusNumber(t, "VmRSS"), descriptors(t)
	repeat(count)
	grown := statusNumber(t, "VmRSS") - memory
	t.Logf("%d executions took %d KiB", count, grown)
	if grown > 8_192 {
		t.Error("that is too much")
	}
	if now := descriptors(t); now > open {
		t.Errorf("there were %d descriptors, and are %d", open, now)
	}
}

func TestAStreamOfManyOutputsAllocatesTheSameForEach(t *testing.T) {
	session := open(t, newRuntime(t), echo())
	perEvent := func(lines int) float64 {
		// Two streams by turns: what is printed on one does not join what was printed on the other.
		execution := start(t, session, strings.Repeat("out a line of output\nerr and another one\n", lines/2))
		defer execution.Close()
		var before, after goruntime.MemStats
		goruntime.ReadMemStats(&before)
		var event capsule.Event
		events := 0
		for {
			err := execution.Read(context.Background(), &event)
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if event.Kind == capsule.EventOutput {
				events++
			}
		}
		goruntime.ReadMemStats(&after)
		if events != lines {
			t.Fatalf("%d events of %d lines", events, lines)
		}
		return float64(after.Mallocs-before.Mallocs) / float64(events)
	}
	perEvent(1_000)
	few, many := perEvent(10_000), perEvent(100_000)
	t.Logf("of 10000 outputs %.2f allocations each, of 100000 %.2f", few, many)
	if many > few+0.1 {
		t.Errorf("%.1f allocations for each event, and %.1f when there are more", few, many)
	}
}

func TestClosingWakesWhoWaits(t *testing.T) {
	runtime := newRuntime(t)
	waiting := func(close func(session *capsule.Session, execution *capsule.Execution)) (*capsule.Event, error) {
		session := open(t, runtime, echo())
		execution := start(t, session, "spin")
		until(t, execution, capsule.EventStarted)
		type answer struct {
			event *capsule.Event
			err   error
		}
		answers := make(chan answer)
		go func() {
			event, err := execution.Next(context.Background())
			answers <- answer{event, err}
		}()
		close(session, execution)
		got := <-answers
		return got.event, got.err
	}
	_, err := waiting(func(_ *capsule.Session, execution *capsule.Execution) { execution.Close() })
	wantStatus(t, err, capsule.StatusHandle)
	event, err := waiting(func(session *capsule.Session, _ *capsule.Execution) { session.Shutdown(0) })
	if err != nil || event.Outcome != capsule.OutcomeKilled {
		t.Errorf("%v, %+v", err, event)
	}
	event, err = waiting(func(_ *capsule.Session, _ *capsule.Execution) { runtime.Shutdown(0) })
	if err != nil || event.Outcome != capsule.OutcomeKilled {
		t.Errorf("%v, %+v", err, event)
	}
}

func TestCloseMayBeCalledByManyAndAgain(t *testing.T) {
	runtime := newRuntime(t)
	session := open(t, runtime, echo())
	execution := start(t, session, "spin")
	var all sync.WaitGroup
	for range 8 {
		all.Add(1)
		go func() {
			defer all.Done()
			for range 3 {
				execution.Next(context.Background())
				execution.Close()
				session.Close()
				runtime.Close()
			}
		}()
		execution.Cancel(0)
	}
	all.Wait()
}

func TestAWaitThatIsGivenUpLosesNothing(t *testing.T) {
	session := open(t, newRuntime(t), echo())
	execution := start(t, session, "input who?")
	until(t, execution, capsule.EventStarted)
	input := until(t, execution, capsule.EventInput)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := execution.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if waited := time.Since(began); waited > 5*time.Second {
		t.Errorf("the wait ended %v after its context", waited-20*time.Millisecond)
	}
	if err := execution.Answer(input.InputID, "me"); err != nil {
		t.Error(err)
	}
	if event := until(t, execution, capsule.EventOutput); event.Data != "me\n" {
		t.Errorf("%+v", event)
	}
}

func TestTheContextOfAnExecutionCancelsIt(t *testing.T) {
	session := open(t, newRuntime(t), echo())
	ctx, cancel := context.WithCancel(context.Background())
	execution, err := session.Execute(ctx, "spin", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer execution.Close()
	until(t, execution, capsule.EventStarted)
	cancel()
	end := until(t, execution, capsule.EventError)
	if end.Outcome != capsule.OutcomeCanceled || end.CancelPhase != capsule.CancelInterrupted {
		t.Errorf("%+v", end)
	}
	if _, err := session.Execute(ctx, "value x", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	short, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	result, err := session.Run(short, "spin", nil)
	if !errors.Is(err, context.DeadlineExceeded) || result == nil || result.End.Outcome != capsule.OutcomeCanceled {
		t.Errorf("%v, %+v", err, result)
	}
}

func TestWhatIsForgottenIsCollected(t *testing.T) {
	runtime := newRuntime(t)
	var workers []int
	func() {
		for range 10 {
			session, err := runtime.Open(within(t), echo())
			if err != nil {
				t.Fatal(err)
			}
			info, err := session.Info()
			if err != nil {
				t.Fatal(err)
			}
			workers = append(workers, watchProcess(t, int(info.PID)))
			if _, err := session.Execute(context.Background(), "spin", nil); err != nil {
				t.Fatal(err)
			}
		}
	}()
	goruntime.GC()
	for _, worker := range workers {
		waitForEnd(t, worker)
	}
}

func TestTheCollectorMayRunAtAnyTime(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(1))
	session := open(t, newRuntime(t), echo())
	stop := make(chan struct{})
	var collector sync.WaitGroup
	collector.Add(1)
	go func() {
		defer collector.Done()
		for {
			select {
			case <-stop:
				return
			default:
				goruntime.GC()
			}
		}
	}()
	for i := range 300 {
		text := strings.Repeat(strconv.Itoa(i), 50)
		if result := run(t, session, "out "+text+"\nvalue "+text); result.Stdout != text+"\n" || *result.End.Repr != text {
			t.Fatalf("%+v", result)
		}
	}
	close(stop)
	collector.Wait()
}

func TestManySessionsAtOnceNeedNoThreadEach(t *testing.T) {
	const sessions = 60
	runtime := newRuntime(t)
	options := echo()
	options.WaitReady = false
	var all sync.WaitGroup
	begin := make(chan struct{})
	executions := make([]*capsule.Execution, sessions)
	for i := range sessions {
		session := open(t, runtime, options)
		executions[i] = start(t, session, "input go on?")
		until(t, executions[i], capsule.EventInput)
	}
	// All wait at once; a thread that the Go runtime has made for one of them stays.
	for i := range sessions {
		all.Add(1)
		go func() {
			defer all.Done()
			<-begin
			short, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
			defer cancel()
			if event, err := executions[i].Next(short); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%v, %+v", err, event)
			}
		}()
	}
	close(begin)
	all.Wait()
	if threads := statusNumber(t, "Threads"); threads >= sessions/2 {
		t.Errorf("%d threads for %d goroutines that wait", threads, sessions)
	}
	for i := range sessions {
		all.Add(1)
		go func() {
			defer all.Done()
			for event, err := range executions[i].Events() {
				if err != nil || event.Terminal() && event.Outcome != capsule.OutcomeCanceled {
					t.Errorf("%v, %+v", err, event)
				}
			}
		}()
	}
	for _, execution := range executions {
		execution.Cancel(-1)
	}
	all.Wait()
}

func init() {
	helpers["crash"] = func() error {
		runtime, err := capsule.New(nil)
		if err != nil {
			return err
		}
		pids := []any{}
		for source, options := range map[string]*capsule.SessionOptions{"spin": echo(), "while True: pass": nil} {
			session, err := runtime.Open(context.Background(), options)
			if err != nil {
				return err
			}
			if _, err := session.Execute(context.Background(), source, nil); err != nil {
				return err
			}
			info, err := session.Info()
			if err != nil {
				return err
			}
			pids = append(pids, info.PID)
		}
		info, err := runtime.Info()
		if err != nil {
			return err
		}
		fmt.Println(append(pids, info.ZygotePID)...)
		select {}
	}
}

func TestACrashOfTheHostLeavesNoOrphan(t *testing.T) {
	command, lines := startHelper(t, "crash")
	if !lines.Scan() {
		t.Fatal("no process ids")
	}
	var processes []int
	for _, word := range strings.Fields(lines.Text()) {
		pid, err := strconv.Atoi(word)
		if err != nil {
			t.Fatal(lines.Text())
		}
		processes = append(processes, watchProcess(t, pid))
	}
	if len(processes) != 3 {
		t.Fatal(lines.Text())
	}
	command.Process.Kill()
	command.Wait()
	for _, process := range processes {
		waitForEnd(t, process)
	}
}

func TestSignalsAreTheProgramsOwn(t *testing.T) {
	session := open(t, newRuntime(t), echo())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGCHLD)
	defer signal.Stop(signals)
	execution := start(t, session, "spin")
	until(t, execution, capsule.EventStarted)
	for _, number := range []syscall.Signal{syscall.SIGINT, syscall.SIGCHLD} {
		syscall.Kill(os.Getpid(), number)
		for got := range signals {
			if got == number {
				break
			}
		}
	}
	execution.Cancel(0)
	if end := until(t, execution, capsule.EventError); end.Outcome != capsule.OutcomeCanceled {
		t.Errorf("%+v", end)
	}
}

func TestTheBytesOfABufferThatIsForgottenStay(t *testing.T) {
	bytes := func() []byte {
		buffer, err := capsule.NewBuffer(1 << 20)
		if err != nil {
			t.Fatal(err)
		}
		return buffer.Bytes()
	}()
	// What is collected in the same cycle or later is cleaned up no earlier.
	for range 3 {
		collected := make(chan struct{})
		goruntime.AddCleanup(new([64]byte), func(done chan struct{}) { close(done) }, collected)
		goruntime.GC()
		<-collected
	}
	for i := range bytes {
		bytes[i] = 1
	}
}
