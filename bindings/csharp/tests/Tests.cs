using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;
using Capsule.Raw;

namespace Capsule.Tests
{
    /// <summary>What users of the binding rely on. Usage: tests PYTHON [PATTERN]</summary>
    internal static class Program
    {
        private static int Main(string[] arguments)
        {
            if (arguments[0] == "crash") Tests.Crash(arguments[1]);
            Tests.Python = arguments[0];
            var failed = 0;
            var tests = typeof(Tests).GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.DeclaredOnly)
                .Where(method => !method.IsSpecialName && (arguments.Length < 2 || method.Name.Contains(arguments[1]))).ToList();
            foreach (var test in tests)
            {
                try
                {
                    if (test.Invoke(null, null) is Task task && !task.Wait(TimeSpan.FromSeconds(60))) throw new Failure("it does not end");
                    Console.WriteLine($"ok {test.Name}");
                }
                catch (Exception error)
                {
                    ++failed;
                    Console.WriteLine($"FAILED {test.Name}: {error.GetBaseException()}");
                }
            }
            Console.WriteLine($"{tests.Count} tests, {failed} failed");
            return failed == 0 && tests.Count > 0 ? 0 : 1;
        }
    }

    internal static partial class Tests
    {
        internal static string Python;

        public static void StructsAreAsLargeAsInC()
        {
            foreach (var struct_ in Native.Sizes) Failure.Unless(struct_.name, struct_.size, struct_.declared);
        }

        public static void AProgramRuns()
        {
            using (var runtime = new Runtime())
            using (var session = runtime.Open(new SessionOptions { Python = Python }))
            {
                var result = session.Run("import sys\nprint('hello', '雪')\nprint('oh', file=sys.stderr)\n{'answer': 6 * 7}");
                Failure.Unless("stdout", result.Stdout, "hello 雪\n");
                Failure.Unless("stderr", result.Stderr, "oh\n");
                Failure.Unless("json", Json.Parse(result.End.Json), new Dictionary<string, object> { { "answer", 42L } });
                Failure.Unless("ok", result.Ok, true);
                var failed = session.Run("1 / 0");
                Failure.Unless("the error", failed.End.ErrorType + ": " + failed.End.Message, "ZeroDivisionError: division by zero");
                Failure.Unless("executions", (long)session.Info.ExecutionsFailed, 1L);
            }
        }

        public static async Task EventsAreAStreamWithoutAThread()
        {
            using (var runtime = new Runtime())
            using (var session = runtime.Open(Echo()))
            {
                var lines = new List<object>();
                using (var execution = session.Execute("out a\nsleep 20\nout b\ninput who?\nvalue c"))
                {
                    var walk = execution.GetAsyncEnumerator();
                    while (await walk.MoveNextAsync())
                    {
                        lines.Add(Names.Snake(walk.Current.Kind) + walk.Current.Text);
                        if (walk.Current.Kind == EventKind.Input) execution.Answer(walk.Current.InputId, "Ada");
                    }
                }
                Failure.Unless("the events", string.Join(" ", lines).Replace("\n", ""), "started outputa outputb input outputAda result");
            }
        }

        /// <summary>It can come until the worker is gone.</summary>
        public static async Task ARunDoesNotWaitForLateOutput()
        {
            using (var runtime = new Runtime())
            using (var session = runtime.Open(new SessionOptions { Python = Python, LateOutput = LateOutput.Deliver }))
            {
                foreach (var run in new[] { Task.Run(() => session.Run("6 * 7")), session.RunAsync("6 * 7") })
                {
                    if (await Task.WhenAny(run, Task.Delay(TimeSpan.FromSeconds(20))) != run) throw new Failure("it does not end");
                    Failure.Unless("the value", run.Result.End.Repr, "42");
                }
            }
        }

        public static async Task ManySessionsWaitAtOnce()
        {
            using (var runtime = new Runtime())
            {
                var sessions = Enumerable.Range(0, 20).Select(_ => runtime.Open(Echo())).ToList();
                var before = Process.GetCurrentProcess().Threads.Count;
                var runs = sessions.Select(session => session.RunAsync("sleep 300\nvalue done")).ToList();
                var during = Process.GetCurrentProcess().Threads.Count;
                foreach (var result in await Task.WhenAll(runs)) Failure.Unless("the value", result.End.Repr, "done");
                if (during - before > 6) throw new Failure($"{during - before} threads were made to wait for 20 sessions");
                foreach (var session in sessions) session.Dispose();
            }
        }

        public static async Task ATokenCancelsTheExecution()
        {
            using (var runtime = new Runtime())
            using (var session = runtime.Open(Echo()))
            using (var source = new CancellationTokenSource())
            {
                var run = session.RunAsync("out on\nspin", null, source.Token);
                source.CancelAfter(50);
                await ThrowsAsync<OperationCanceledException>(() => run);
                await ThrowsAsync<OperationCanceledException>(() => session.RunAsync("out never", null, source.Token));
                Failure.Unless("executions accepted", session.Info.ExecutionsStarted, 1L);
                Failure.Unless("the session is good", (await session.RunAsync("value 1")).End.Repr, "1");
            }
        }

        public static async Task ATokenOfTheWaitEndsTheWaitAlone()
        {
            using (var runtime = new Runtime())
            using (var session = runtime.Open(Echo()))
            using (var execution = session.Execute("sleep 200\nvalue 1"))
            using (var source = new CancellationTokenSource(20))
            {
                await ThrowsAsync<OperationCanceledException>(async () =>
                {
                    for (;;) await execution.NextAsync(source.Token);
                });
                Failure.Unless("the value", (await execution.FinishAsync()).End.Repr, "1");
            }
        }

        public static async Task DisposingWhileAnotherWaitsEndsTheWait()
        {
            using (var runtime = new Runtime())
            using (var session = runtime.Open(Echo()))
            {
                var execution = session.Execute("spin");
                Failure.Unless("the first", execution.Next().Kind, EventKind.Started);
                var onAThread = Task.Run(() => execution.Next());
                var asynchronous = execution.NextAsync().AsTask();
                execution.Dispose();
                execution.Dispose();
                Failure.Unless("its status", (await ThrowsAsync<CapsuleException>(() => onAThread)).Status, Status.Handle);
                Failure.Unless("its status", (await ThrowsAsync<CapsuleException>(() => asynchronous)).Status, Status.Handle);
            }
        }

        public static void ClosingTheRuntimeEndsWhatRuns()
        {
            var runtime = new Runtime();
            var session = runtime.Open(Echo());
            var run = Task.Run(() => session.Run("spin"));
            SpinWait.SpinUntil(() => session.Info.State == SessionState.Busy);
            runtime.Close();
            Failure.Unless("the outcome", run.Result.End.Outcome, Outcome.Killed);
            Failure.Unless("afterwards", Throws<CapsuleException>(() => session.Run("value 1")).Status, Status.Closed);
            session.Dispose();
            runtime.Dispose();
            Failure.Unless("after disposal", Throws<CapsuleException>(() => runtime.Open()).Status, Status.Handle);
            runtime.Dispose();
        }

        public static void MisuseIsAnErrorAndNothingElse()
        {
            using (var runtime = new Runtime())
            using (var session = runtime.Open(Echo()))
            {
                Throws<ArgumentNullException>(() => session.Run(null));
                Failure.Unless("half a pair", Throws<ArgumentException>(() => session.Run("out \ud800")).GetType().Name, "EncoderFallbackException");
                Failure.Unless("a NUL in a source", Throws<CapsuleException>(() => session.Run("out a\0b")).Status, Status.Argument);
                Failure.Unless("a NUL", Throws<CapsuleException>(() => session.Run("value 1", new ExecutionOptions { FileName = "a\0b" })).Status, Status.Argument);
                Failure.Unless("an option", Throws<CapsuleException>(() => runtime.Open(new SessionOptions { CancelGraceMs = -5 })).Status, Status.Argument);
                var missing = Throws<CapsuleException>(() => runtime.Open(new SessionOptions { Python = "/nowhere/python3" }));
                Failure.Unless("an interpreter", missing.Status, Status.Python);
                var worker = Throws<CapsuleException>(() => new Runtime(new RuntimeOptions { WorkerDir = "/nowhere" }).Open(Echo()));
                Failure.Unless("a worker", worker.Status, Status.Worker);
                if (!worker.Message.Contains("'/nowhere/capsule-echo-worker'")) throw new Failure($"it does not tell which: {worker.Message}");
                using (var execution = session.Execute("spin"))
                {
                    Throws<CapsuleTimeoutException>(() =>
                    {
                        for (;;) execution.Next(TimeSpan.FromMilliseconds(20));
                    });
                    execution.Cancel(TimeSpan.Zero);
                }
            }
        }

        public static void ValuesGoAndCome()
        {
            using (var runtime = new Runtime())
            using (var session = runtime.Open(new SessionOptions { Python = Python }))
            {
                session.Set("text", Value.Of("a\0b雪"));
                session.Set("data", Value.Of(new byte[] { 0, 255, 7 }));
                session.Set("numbers", Value.Buffer(new byte[16], "d", 2));
                Failure.Unless("text", session.Get("text", ValueKind.Text).Text, "a\0b雪");
                Failure.Unless("bytes", session.Get("data", ValueKind.Bytes).Data.Select(b => (object)(long)b), new List<object> { 0L, 255L, 7L });
                Failure.Unless("a buffer", session.Run("list(memoryview(numbers))").End.Repr, "[0.0, 0.0]");
                Failure.Unless("names", session.Names().Select(name => (object)name.Name), new List<object> { "text", "data", "numbers" });
                var bound = new ExecutionOptions { Inputs = new Dictionary<string, Value> { { "x", Value.Json("[1, 2]") } }, ResultKind = ValueKind.Json };
                Failure.Unless("an input", session.Run("x + [3]", bound).End.Value.Text, "[1, 2, 3]");
                using (var checkpoint = session.Checkpoint())
                using (var other = runtime.Open(new SessionOptions { Python = Python }))
                using (var read = Checkpoint.Read(checkpoint.ToBytes()))
                {
                    other.Restore(read);
                    Failure.Unless("restored", other.Get("text").Text.Length, 4L);
                }
            }
        }

        public static void PythonCallsPlainFunctions()
        {
            using (var runtime = new Runtime())
            using (var bridge = runtime.OpenBridge())
            {
                bridge.Register(new Capability { Name = "add", Parameters = "a, b" });
                bridge.Register(new Capability { Name = "refuse" });
                var server = bridge.Serve(request =>
                {
                    if (request.Capability == "refuse") throw new HostException("ValueError", "not today");
                    var arguments = (IDictionary<string, object>)Json.Parse(request.Arguments);
                    return Value.Json(Json.Show((long)arguments["a"] + (long)arguments["b"]));
                });
                var options = new SessionOptions { Python = Python, Bridge = bridge };
                options.Rules = new[] { new Rule { Capability = "*", Decision = Decision.Allow } };
                using (var session = runtime.Open(options))
                {
                    Failure.Unless("the sum", session.Run("host.add(40, 2)").End.Repr, "42");
                    Failure.Unless("the failure", session.Run("host.refuse()").End.Message, "not today");
                    Failure.Unless("calls", (long)session.BridgeMetrics.Calls, 2L);
                }
                bridge.Close();
                if (!server.Join(10000)) throw new Failure("it serves on");
            }
        }

        public static void PoolsGiveAndTake()
        {
            using (var runtime = new Runtime())
            using (var pool = runtime.OpenPool(new PoolOptions { Session = Echo(), MinIdle = 1, MaxSessions = 2 }))
            {
                pool.WaitReady();
                using (var session = pool.Acquire()) Failure.Unless("the value", session.Run("value 1").End.Repr, "1");
                SpinWait.SpinUntil(() => pool.Metrics.GivenBack == 1);
                Failure.Unless("hits", pool.Metrics.PoolHits, 1L);
                Failure.Unless("active", pool.Info.SessionsActive, 0L);
                Failure.Unless("the trace", pool.Trace().First().Kind, TraceKind.PoolWarmupTriggered);
                pool.Close();
            }
        }

        public static void LooksShowWhatThePolicyLets()
        {
            using (var runtime = new Runtime())
            using (var session = runtime.Open(new SessionOptions { Python = Python }))
            {
                session.Run("secret = 1\nother = [2]");
                var counted = session.InspectNamespace();
                Failure.Unless("names counted", (long)counted.Total, 2L);
                Failure.Unless("rows", counted.Rows.Length, 0L);
                runtime.SetIntrospectionPolicy(new IntrospectionPolicy { NamespaceSummary = InspectLevel.Full });
                var shown = session.InspectNamespace(new Inspection { Level = InspectLevel.Full, Caller = "test", TimeoutMs = 30000 });
                Failure.Unless("names shown", shown.Rows.Select(row => (object)row.Name.Text), new List<object> { "secret", "other" });
                Failure.Unless("the phase", session.InspectExecution().Phase, Phase.None);
                if (session.InspectIsolation().Rows.Length == 0) throw new Failure("no layers");
            }
        }

        public static void TheLogGoesToAFile()
        {
            var path = Path.GetTempFileName();
            Log.ToFile(path, LogLevel.Debug, LogFormat.Json);
            using (var runtime = new Runtime())
            using (var session = runtime.Open(Echo())) session.Run("value secret-word");
            Log.Off();
            var lines = File.ReadAllLines(path);
            File.Delete(path);
            if (lines.Length == 0) throw new Failure("nothing was logged");
            foreach (var line in lines)
            {
                if (!((IDictionary<string, object>)Json.Parse(line)).ContainsKey("event") || line.Contains("secret-word")) throw new Failure(line);
            }
            if (Log.Info.Records.Sum(records => (long)records) < lines.Length) throw new Failure("records were not counted");
            Failure.Unless("no folder", Throws<CapsuleException>(() => Log.ToFile("/nowhere/log")).Status, Status.System);
        }

        public static void WhatIsForgottenIsFinalized()
        {
            using (var runtime = new Runtime())
            {
                var workers = Enumerable.Range(0, 5).Select(_ => WorkerOfAForgottenSession(runtime)).ToList();
                GC.Collect();
                GC.WaitForPendingFinalizers();
                // A conservative collector may keep what the stack still shows: one.
                for (var left = 4; left > 0; --left)
                {
                    var ended = workers.Select(worker => new PollFd { fd = worker, events = PollIn }).ToArray();
                    if (poll(ended, (uint)ended.Length, 60000) <= 0) throw new Failure($"{workers.Count} of 5 forgotten sessions are open");
                    var first = ended.First(worker => worker.revents != 0).fd;
                    workers.Remove(first);
                    close(first);
                }
                workers.ForEach(worker => close(worker));
            }
        }

        public static void ExecutionsLeaveNothing()
        {
            using (var runtime = new Runtime())
            using (var session = runtime.Open(Echo()))
            {
                Measure(session, 500); // Assemblies that measuring needs are files that stay open.
                var before = Measure(session, 500);
                var after = Measure(session, Many);
                Failure.Unless("descriptors", (long)after.descriptors, (long)before.descriptors);
                var taken = after.memory - before.memory;
                Console.WriteLine($"{Many} executions took {taken >> 10} KiB");
                if (taken > TooMuch) throw new Failure("that is too much");
            }
        }

        /// <summary>If the binding kept executions, the test above would see it: 10,000 take more than it allows.</summary>
        public static void ExecutionsThatAreKeptAreSeen()
        {
            using (var runtime = new Runtime())
            using (var session = runtime.Open(Echo()))
            {
                Measure(session, 500);
                var before = Measure(session, 500);
                var kept = new List<Execution>();
                while (kept.Count < 10000)
                {
                    kept.Add(session.Execute("out x\nvalue 1"));
                    kept[kept.Count - 1].Finish();
                }
                var after = Measure(session, 500);
                var taken = after.memory - before.memory;
                Console.WriteLine($"{kept.Count} executions that are kept took {taken >> 10} KiB");
                if (taken <= TooMuch) throw new Failure("so little is taken for nothing");
                kept.ForEach(execution => execution.Dispose());
            }
        }

        private const long TooMuch = 16 << 20;

        private static readonly int Many = int.Parse(Environment.GetEnvironmentVariable("CAPSULE_LEAK_EXECUTIONS") ?? "10000");

        private static (long memory, int descriptors) Measure(Session session, int executions)
        {
            for (var i = 0; i < executions; ++i)
            {
                session.Run("out x\nvalue 1");
                if (i % 1000 == 0) GC.Collect();
            }
            return (Resident(), Descriptors());
        }

        // As a descriptor, which is readable once the process is gone. On a thread, whose stack is gone afterwards.
        private static int WorkerOfAForgottenSession(Runtime runtime)
        {
            var worker = -1;
            var thread = new Thread(() =>
            {
                var session = runtime.Open(Echo());
                session.Execute("spin");
                worker = (int)syscall(PidfdOpen, session.Info.Pid, 0);
            });
            thread.Start();
            thread.Join();
            if (worker < 0) throw new Failure("the worker is no process");
            return worker;
        }

        private const long PidfdOpen = 434; // On every architecture.
        private const short PollIn = 1;

        [StructLayout(LayoutKind.Sequential)]
        private struct PollFd
        {
            public int fd;
            public short events;
            public short revents;
        }

        [DllImport("libc")]
        private static extern long syscall(long number, long pid, long flags);

        [DllImport("libc")]
        private static extern int poll([In, Out] PollFd[] fds, ulong count, int timeout);

        [DllImport("libc")]
        private static extern int close(int fd);

        private static SessionOptions Echo() => new SessionOptions { Executor = Executor.Echo };

        private static int Descriptors() => Directory.GetFileSystemEntries("/proc/self/fd").Length;

        private static long Resident()
        {
            GC.Collect();
            return long.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[1]) * 4096;
        }

        private static T Throws<T>(Action action) where T : Exception
        {
            try
            {
                action();
            }
            catch (T error)
            {
                return error;
            }
            throw new Failure($"no {typeof(T).Name} came");
        }

        private static async Task<T> ThrowsAsync<T>(Func<Task> action) where T : Exception
        {
            try
            {
                await action();
            }
            catch (T error)
            {
                return error;
            }
            throw new Failure($"no {typeof(T).Name} came");
        }
    }
}
