using System;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text;
using Capsule.Raw;

namespace Capsule.Tests
{
    // Metrics, looks by policy, the audit trail, profiles and exporters: each of a worker that does what is asserted.
    internal static partial class Tests
    {
        private const InspectLevel Full = InspectLevel.Full;
        private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

        public static void AWorkerTellsOfItself()
        {
            using (var runtime = new Runtime())
            using (var session = runtime.Open(new SessionOptions { Python = Python, EnableMetrics = 1 }))
            {
                var before = session.TransportMetrics;
                var version = session.Run("import platform; platform.python_version()").End.Repr.Trim('\'');
                var after = session.TransportMetrics;
                var execute = MessageNumber("Execute");
                Failure.Unless("Execute frames", (long)(after.Sent.Messages[execute] - before.Sent.Messages[execute]), 1L);
                Failure.Unless("rejected", after.Rejected.Sum(count => (long)count), 0L);
                Failure.Unless("the worker", (long)session.WorkerMetrics.Pid, (long)session.Info.Pid);
                Failure.Unless("its interval", (long)session.WorkerMetrics.HeartbeatIntervalMs, 5000L);
                Failure.Unless("its version", session.WorkerInfo.PythonVersion, version);
                if (!session.WorkerInfo.Isolation.Split(',').Contains("process")) throw new Failure(session.WorkerInfo.Isolation);
                using (var execution = session.Execute("input()"))
                {
                    execution.First(found => found.Kind == EventKind.Input);
                    execution.Cancel();
                    execution.Finish();
                }
                var cancels = session.CancelMetrics;
                Failure.Unless("cancels", $"{cancels.Triggers} {cancels.ExecutionsCanceled} {cancels.WaitsInterrupted}", "1 1 0");
                session.Dispose();
                Gone(() => session.WorkerMetrics);
                Gone(() => session.WorkerInfo);
                Gone(() => session.TransportMetrics);
                Gone(() => session.CancelMetrics);
                using (var plain = runtime.Open(Echo()))
                {
                    Failure.Unless("not counted", Throws<CapsuleException>(() => Use(plain.CancelMetrics)).Status, Status.State);
                }
            }
        }

        public static void ARuntimeAddsUp()
        {
            var runtime = new Runtime();
            var bridge = runtime.OpenBridge();
            bridge.Register(new Capability { Name = "ones" });
            var server = bridge.Serve(request => Value.Json("1"));
            using (var session = runtime.Open(EchoCalling(bridge)))
            {
                session.Run("call ones {}");
                session.Run("call ones {}");
                session.Run("call twos {}");
                session.Close(Minute);
            }
            var ones = bridge.CapabilityMetrics.Single(row => row.Capability == "ones");
            Failure.Unless("answered", (long)ones.Ok, 2L);
            Failure.Unless("by time", ones.ResolutionBuckets.Sum(count => (long)count), 2L);
            Failure.Unless("rows", bridge.CapabilityMetrics.Count, 2);
            var metrics = runtime.Metrics;
            Failure.Unless("closed", $"{metrics.SessionsClosed} {metrics.SessionsKilled}", "1 0");
            Failure.Unless("started", (long)(metrics.StartFork.Count + metrics.StartSpawn.Count), 1L);
            var line = "capsule_sessions_ended_total{pool=\"none\",reason=\"closed\"} 1";
            if (!runtime.Prometheus.Split('\n').Contains(line)) throw new Failure($"there is no {line}");
            bridge.Close();
            server.Join();
            bridge.Dispose();
            runtime.Dispose();
            Gone(() => bridge.CapabilityMetrics);
            Gone(() => bridge.Pending);
            Gone(() => bridge.InspectPending());
            Gone(() => runtime.Metrics);
            Gone(() => runtime.Prometheus);
        }

        public static void LooksAreAnsweredAsThePolicySays()
        {
            using (var runtime = new Runtime())
            {
                var session = runtime.Open(new SessionOptions { Python = Python });
                session.Run("def ask():\n    return input('in')");
                var all = new Inspection { Level = InspectLevel.Full, TimeoutMs = 60000 };
                var looks = new Func<object>[]
                {
                    () => session.InspectStack(all), () => session.InspectNamespace(all), () => session.InspectExecution(all),
                    () => session.InspectIsolation(all),
                };
                foreach (var look in looks) Refused(look);
                runtime.SetIntrospectionPolicy(new IntrospectionPolicy
                {
                    Stack = Full, NamespaceSummary = Full, Execution = Full, Isolation = Full, MaxLabelBytes = 1024,
                });
                var row = session.InspectNamespace(all).Rows.Single();
                Failure.Unless("the name", $"{row.Name.Text} {row.TypeName.Text}", "ask function");
                var process = session.InspectIsolation(all).Rows.Single(layer => layer.Name == "process");
                Failure.Unless("the layer", process.State, LayerState.Active);
                using (var execution = session.Execute("ask()"))
                {
                    var request = execution.First(found => found.Kind == EventKind.Input);
                    Failure.Unless("it waits for", session.InspectExecution(all).WaitsFor, WaitsFor.Input);
                    Failure.Unless("where", Told(session.InspectStack(all, new StackOptions { MaxFrames = 1 })), "Memory ask:2");
                    execution.Answer(request.InputId, "x");
                    execution.Finish();
                }
                session.NarrowIntrospection(new IntrospectionPolicy { Execution = InspectLevel.Off });
                Refused(() => session.InspectExecution());
                session.Dispose();
                foreach (var look in looks) Gone(look);
            }
        }

        public static void WhatIsPendingAndPoolsAreShownAsThePolicySays()
        {
            using (var runtime = new Runtime())
            using (var bridge = runtime.OpenBridge())
            using (var store = runtime.OpenStore())
            using (var pool = runtime.OpenPool(new PoolOptions { MinIdle = 1, MaxSessions = 1, Session = new SessionOptions { Python = Python }, Imports = new[] { "json", "no_such_module" } }))
            {
                var all = new Inspection { Level = InspectLevel.Full };
                Refused(() => bridge.InspectPending(all));
                Refused(() => store.InspectPending(all));
                Refused(() => pool.Inspect(all));
                runtime.SetIntrospectionPolicy(new IntrospectionPolicy { Promises = Full, Pool = Full });
                bridge.Register(new Capability { Name = "customers" });
                store.Create(new PromiseWish { Id = "p-1" });
                Failure.Unless("the promise", store.InspectPending(all).Rows.Single().Name.Text, "p-1");
                using (var session = runtime.Open(EchoCalling(bridge)))
                using (var execution = session.Execute("call customers {}"))
                {
                    var request = bridge.Next();
                    var row = bridge.InspectPending(all).Rows.Single();
                    Failure.Unless("the call", $"{row.Kind} {row.Name.Text} {row.RequestId}", $"Call customers {request.RequestId}");
                    Failure.Unless("the host's own", bridge.Pending.Single().State, CallState.Taken);
                    bridge.Respond(request.RequestId, Value.Json("1"));
                    execution.Finish();
                }
                pool.WaitReady(Minute);
                var (info, summary) = pool.Inspect(all);
                Failure.Unless("its state", $"{info.SessionsIdle} {summary.Total}", "1 1");
                Failure.Unless("its session", (long)summary.Rows.Single().SessionId, (long)pool.Sessions.Single().SessionId);
                Failure.Unless(
                    "imports", string.Join(" ", pool.Imports.Select(one => one.Module + one.Error)), "json no_such_moduleModuleNotFoundError");
                pool.Dispose();
                Gone(() => pool.Inspect());
                Gone(() => pool.Imports);
            }
        }

        public static void EveryLookTellsWhoLooked()
        {
            using (var runtime = new Runtime())
            using (var session = runtime.Open(Echo()))
            {
                session.Run("kill");
                var look = new Inspection { Caller = "nightly check" };
                var all = new Inspection { Level = InspectLevel.Full };
                var filter = new TraceFilter { Caller = "nightly check" };
                var told = new Action<string>(expected =>
                {
                    var record = runtime.ListAudit().Last();
                    Failure.Unless("the record", record.Call + " by " + record.Caller, expected);
                });
                session.Trace(filter);
                told("trace by nightly check");
                session.FollowTrace(filter).Dispose();
                told("trace by nightly check");
                session.Postmortem();
                told("postmortem by ");
                session.InspectPostmortem(0, look);
                told("postmortem by nightly check");
                session.InspectTraceLabel(1, look);
                told("trace by nightly check");
                try
                {
                    session.Profile(new ProfileOptions { Caller = "nightly check" }).Dispose();
                }
                catch (CapsuleException) // There is no Python, and the record says so.
                {
                }
                told("stack by nightly check");
                Refused(() => session.InspectPostmortem(0, all));
                Refused(() => session.InspectTraceLabel(1, all));
            }
        }

        public static void AnAuditTrailTellsWhoLookedAndShowsTampering()
        {
            var path = Path.GetTempFileName();
            var key = new byte[] { 0xff, 1, 2 };
            string head;
            try
            {
                using (var runtime = new Runtime())
                using (var session = runtime.Open(Echo()))
                {
                    runtime.SetAudit(new AuditOptions { Path = path, Key = key });
                    session.InspectExecution(new Inspection { Caller = "nightly check" });
                    Refused(() => session.InspectExecution(new Inspection { Level = InspectLevel.Full }));
                    var records = runtime.ListAudit();
                    Failure.Unless("decisions", string.Join(" ", records.Select(record => record.Decision)), "Start Allowed Denied");
                    Failure.Unless("who", records[1].Caller + ", " + records[1].Call, "nightly check, execution");
                    Failure.Unless("behind it", (long)runtime.ListAudit(records[1].Sequence).Single().Number, 2L);
                    Failure.Unless("counted", $"{runtime.AuditInfo.Allowed} {runtime.AuditInfo.Denied}", "1 1");
                    head = runtime.AuditInfo.Head;
                    var nowhere = new AuditOptions { Path = path + "/nowhere" };
                    Failure.Unless("no file", Throws<CapsuleException>(() => runtime.SetAudit(nowhere)).Status, Status.System);
                    runtime.Dispose();
                    Gone(() => runtime.ListAudit());
                    Gone(() => runtime.AuditInfo);
                }
                var report = Runtime.VerifyAudit(new AuditCheck { Path = path, Key = key, Head = head });
                Failure.Unless("the verdict", $"{report.Verdict} {report.Records}", "Verified 3");
                var altered = Encoding.UTF8.GetBytes(File.ReadAllText(path).Replace("nightly", "monthly"));
                report = Runtime.VerifyAudit(new AuditCheck { Data = altered, Key = key, Head = head });
                Failure.Unless("altered", $"{report.Verdict} {report.Line}", "Broken 2");
            }
            finally
            {
                File.Delete(path);
            }
        }

        public static void AProfileCountsWhereCodeIs()
        {
            using (var runtime = new Runtime())
            using (var session = runtime.Open(new SessionOptions { Python = Python }))
            {
                runtime.SetIntrospectionPolicy(new IntrospectionPolicy { Stack = Full });
                using (var execution = session.Execute("def ask():\n    return input('in')\nask()"))
                {
                    var request = execution.First(found => found.Kind == EventKind.Input);
                    var options = new ProfileOptions { RateHz = 1000, DurationMs = 100, Threads = ProfileThreads.All };
                    var profile = session.Profile(options);
                    Failure.Unless("under way", Throws<CapsuleException>(() => Use(profile.Collapsed)).Status, Status.Busy);
                    profile.Wait(Minute);
                    var line = profile.Collapsed.Split('\n').Single(one => one.Contains(";ask ("));
                    var count = ulong.Parse(line.Substring(line.LastIndexOf(' ')));
                    if (count == 0 || count > profile.Info.Samples) throw new Failure($"{line} of {profile.Info.Samples} samples");
                    profile.Dispose();
                    Gone(() => profile.Info);
                    Gone(() => profile.Collapsed);
                    using (var endless = session.Profile())
                    {
                        Throws<CapsuleTimeoutException>(() => endless.Wait(TimeSpan.FromMilliseconds(1)));
                        endless.Stop();
                        endless.Wait(Minute);
                        Failure.Unless("it runs", endless.Info.IsRunning, 0);
                    }
                    execution.Answer(request.InputId, "x");
                    execution.Finish();
                }
                runtime.SetIntrospectionPolicy(new IntrospectionPolicy { Stack = InspectLevel.Off });
                Refused(() => session.Profile());
            }
        }

        public static void AnExporterWritesAFile()
        {
            var path = Path.GetTempFileName();
            try
            {
                using (var runtime = new Runtime())
                {
                    var exporter = runtime.OpenExporter(new ExporterOptions { Kind = ExporterKind.Ndjson, Path = path });
                    using (var session = runtime.Open(Echo()))
                    {
                        session.Run("out a");
                        session.Close(Minute);
                    }
                    exporter.Flush(Minute);
                    var info = exporter.Info;
                    if (info.Sent == 0 || info.Sent != info.Accepted) throw new Failure($"{info.Sent} of {info.Accepted} were written");
                    exporter.Close(Minute);
                    Failure.Unless("closed", exporter.Info.Closed, 1);
                    Failure.Unless("ends in it", File.ReadAllLines(path).Count(line => line.Contains("\"execution_finished\"")), 1);
                    exporter.Dispose();
                    Gone(() => exporter.Info);
                    var nowhere = new ExporterOptions { Kind = ExporterKind.Chrome, Path = path + "/nowhere" };
                    Failure.Unless("no file", Throws<CapsuleException>(() => runtime.OpenExporter(nowhere)).Status, Status.System);
                }
            }
            finally
            {
                File.Delete(path);
            }
        }

        // Of what malloc gave out, which the collector's heap is no part of: one answer is 100 KB and more of it.
        public static void AnswersAreReleased()
        {
            using (var runtime = new Runtime())
            using (var store = runtime.OpenStore())
            {
                runtime.SetIntrospectionPolicy(new IntrospectionPolicy { Promises = InspectLevel.Full });
                for (var i = 0; i < 1000; ++i) store.Create(new PromiseWish { Id = $"p-{i}" });
                for (var i = 0; i < 100; ++i) Failure.Unless("rows", store.InspectPending().Rows.Length, 1000);
                var before = Allocated();
                for (var i = 0; i < 1000; ++i) store.InspectPending();
                var grown = Allocated() - before;
                if (grown > 8 << 20) throw new Failure($"1,000 answers hold {grown >> 10} KiB");
            }
        }

        [StructLayout(LayoutKind.Sequential)]
        private struct MallInfo
        {
            public UIntPtr arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost;
        }

        [DllImport("libc")]
        private static extern MallInfo mallinfo2();

        private static long Allocated()
        {
            var found = mallinfo2();
            return (long)((ulong)found.hblkhd + (ulong)found.uordblks);
        }

        private static SessionOptions EchoCalling(Bridge bridge)
        {
            var options = Echo();
            options.Bridge = bridge;
            options.Rules = new[] { new Rule { Capability = "*", Decision = Decision.Allow } };
            return options;
        }

        private static int MessageNumber(string name) =>
            Enumerable.Range(0, 64).Single(number => MessageName(number) == name);

        private static unsafe string MessageName(int number) =>
            Marshal.PtrToStringAnsi((IntPtr)Native.capsule_message_name(number));

        private static void Refused(Func<object> look)
        {
            var error = Throws<CapsuleException>(() => look());
            Failure.Unless("refused", error.Status, Status.Denied);
            if (!error.Message.Contains("policy")) throw new Failure(error.Message);
        }

        private static void Gone(Func<object> told) =>
            Failure.Unless("released", Throws<CapsuleException>(() => told()).Status, Status.Handle);

        private static void Use(object told) => GC.KeepAlive(told);
    }
}
