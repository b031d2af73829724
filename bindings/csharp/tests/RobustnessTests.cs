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
            using (var runtime = new Runtime())
            using (var session = runtime.Open(Echo()))
            {
                Take(session, 100000); // The heap takes what it likes before it collects.
                var before = Resident();
                Take(session, 100000);
                var taken = Resident() - before;
                if (taken > 8 << 20) throw new Failure($"100000 more outputs took {taken >> 10} KiB");
            }
        }

        private static void Take(Session session, int lines)
        {
            using (var execution = session.Execute($"flood {lines}"))
            {
                Failure.Unless("bytes", execution.Sum(found => found.Data == null ? 0L : found.Data.Length), lines * 100L);
            }
        }

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
            command.Add(typeof(Tests).Assembly.Location);
            command.Add("crash");
            var start = new ProcessStartInfo(command[0], string.Join(" ", command.Skip(1))) { RedirectStandardOutput = true, UseShellExecute = false };
            using (var host = Process.Start(start))
            {
                var worker = (int)syscall(PidfdOpen, int.Parse(host.StandardOutput.ReadLine()), 0);
                if (worker < 0) throw new Failure("the worker is no process");
                host.Kill();
                var ended = new[] { new PollFd { fd = worker, events = PollIn } };
                int found;
                do found = poll(ended, 1, 60000);
                while (found == -1); // The runtime's own signals interrupt it.
                Failure.Unless("workers that ended", found, 1);
                close(worker);
            }
        }

        /// <summary>What is to be killed: tells its worker, and waits for ever.</summary>
        internal static void Crash()
        {
            using (var runtime = new Runtime())
            using (var session = runtime.Open(Echo()))
            {
                session.Execute("spin");
                Console.WriteLine(session.Info.Pid);
                Thread.Sleep(Timeout.Infinite);
            }
        }
    }
}
