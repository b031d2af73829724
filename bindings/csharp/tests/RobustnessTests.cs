using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;

namespace Capsule.Tests
{
    // Long streams, a collector that is always at work, a host that dies.
    internal static partial class Tests
    {
        public static void AStreamOfManyOutputsTakesNoMemory()
        {
            var options = Echo();
            options.OutputWindowBytes = 64 << 10; // What may wait for this test.
            using (var runtime = new Runtime())
            using (var session = runtime.Open(options))
            {
                long outputs = 0;
                var held = new long[2];
                var resident = new long[2];
                // Two streams by turns: what is printed on one does not join what was printed on the other.
                using (var execution = session.Execute(string.Concat(Enumerable.Repeat("out a line of output\nerr and another one\n", 50000))))
                {
                    foreach (var found in execution)
                    {
                        if (found.Kind != EventKind.Output || ++outputs % 50000 != 0) continue;
                        held[outputs / 50000 - 1] = GC.GetTotalMemory(true);
                        resident[outputs / 50000 - 1] = Resident();
                    }
                }
                Failure.Unless("outputs", outputs, 100000L);
                Console.WriteLine($"50000 more outputs hold {held[1] - held[0]} bytes, and took {(resident[1] - resident[0]) >> 10} KiB");
                if (held[1] - held[0] > 1 << 20 || resident[1] - resident[0] > 8 << 20) throw new Failure("that is too much");
            }
        }

        private sealed class Mute : Exception
        {
            public override string Message => throw new NotSupportedException();
        }

        // What leaves the thread that serves ends the process.
        public static void AFunctionMayFailWithAnything()
        {
            var failures = new (Exception Error, string Told)[]
            {
                (new HostException("ValueError", "bad name: \ud83d"), "bad name: \ufffd"), (new Exception("a\0b"), "a\\0b"),
                (new Exception(new string('\u00e4', 40000)), new string('\u00e4', 16384)),
                (new Mute(), "its message cannot be told: NotSupportedException"),
                (new CapsuleException(Status.State, "of another session"), "of another session"),
            };
            using (var runtime = new Runtime())
            using (var bridge = runtime.OpenBridge())
            {
                bridge.Register(new Capability { Name = "fail" });
                bridge.Register(new Capability { Name = "no_json" });
                var next = 0;
                bridge.Serve(request => request.Capability == "fail" ? throw failures[next++].Error : Value.Json("{"));
                using (var session = runtime.Open(Calling(bridge)))
                {
                    var limited = new ExecutionOptions { TimeoutMs = 20000 };
                    foreach (var failure in failures) Failure.Unless("told", session.Run("host.fail()", limited).End.Message, failure.Told);
                    Failure.Unless("an answer that is none", session.Run("host.no_json()", limited).End.Outcome, Outcome.Error);
                }
            }
        }

        public static void ABridgeMayGoWhileItServes()
        {
            using (var runtime = new Runtime())
            using (var began = new ManualResetEventSlim())
            using (var goOn = new ManualResetEventSlim())
            {
                var bridge = runtime.OpenBridge();
                bridge.Register(new Capability { Name = "wait" });
                var server = bridge.Serve(request =>
                {
                    began.Set();
                    goOn.Wait();
                    return null;
                });
                using (var session = runtime.Open(Calling(bridge)))
                using (session.Execute("host.wait()"))
                {
                    if (!began.Wait(30000)) throw new Failure("it is not called");
                    bridge.Dispose();
                    goOn.Set();
                    if (!server.Join(30000)) throw new Failure("it serves on");
                }
            }
        }

        private static SessionOptions Calling(Bridge bridge) => new SessionOptions
        {
            Python = Python, Bridge = bridge, Rules = new[] { new Rule { Capability = "*", Decision = Decision.Allow } },
        };

        public static async Task TheCollectorMayRunAtAnyTime()
        {
            using (var runtime = new Runtime())
            using (var session = runtime.Open(Echo()))
            {
                var done = false;
                var collects = Task.Run(() =>
                {
                    while (!Volatile.Read(ref done))
                    {
                        GC.Collect();
                        GC.WaitForPendingFinalizers();
                    }
                });
                for (var i = 0; i < 100; ++i)
                {
                    session.Execute("out forgotten");
                    var result = await session.RunAsync($"out {i}\nvalue {i}");
                    Failure.Unless("the output", result.Output, $"{i}\n");
                    Failure.Unless("the value", result.End.Repr, i.ToString());
                }
                Volatile.Write(ref done, true);
                await collects;
            }
        }

        public static void ACrashOfTheHostLeavesNoOrphan()
        {
            // This program again, as it was started, but for its arguments.
            var command = File.ReadAllText("/proc/self/cmdline").Split('\0').TakeWhile(word => !word.EndsWith("tests.exe")).ToList();
            command.AddRange(new[] { typeof(Tests).Assembly.Location, "crash", Python });
            var start = new ProcessStartInfo(command[0], string.Join(" ", command.Skip(1))) { RedirectStandardOutput = true, UseShellExecute = false };
            using (var host = Process.Start(start))
            {
                var pids = host.StandardOutput.ReadLine().Split(' ').Select(int.Parse).ToList();
                Failure.Unless("processes", pids.Count, 3);
                var ends = pids.Select(pid => new PollFd { fd = (int)syscall(PidfdOpen, pid, 0), events = PollIn }).ToList();
                if (ends.Any(end => end.fd < 0)) throw new Failure("one is no process");
                host.Kill();
                foreach (var end in ends)
                {
                    var ended = new[] { end };
                    int found;
                    do found = poll(ended, 1, 60000);
                    while (found == -1); // The runtime's own signals interrupt it.
                    Failure.Unless("processes that ended", found, 1);
                    close(end.fd);
                }
            }
        }

        /// <summary>What is to be killed: tells its zygote and its workers, and waits for ever.</summary>
        internal static void Crash(string python)
        {
            using (var runtime = new Runtime())
            using (var session = runtime.Open(new SessionOptions { Python = python }))
            using (var echo = runtime.Open(Echo()))
            {
                session.Execute("while True: pass");
                echo.Execute("spin");
                Console.WriteLine($"{runtime.Info.ZygotePid} {session.Info.Pid} {echo.Info.Pid}");
                Thread.Sleep(Timeout.Infinite);
            }
        }
    }
}
