using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Capsule.Raw;

namespace Capsule.Tests
{
    // Pools, calls of the host, shared memory and checkpoints beyond their first use.
    internal static partial class Tests
    {
        private const string Traceparent = "00-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-bbbbbbbbbbbbbbbb-01";

        public static async Task ManyWaitForAPoolWithoutThreads()
        {
            using (var runtime = new Runtime())
            using (var pool = runtime.OpenPool(new PoolOptions { Session = Echo(), MinIdle = 1, MaxSessions = 1 }))
            {
                pool.WaitReady();
                var held = await pool.AcquireAsync();
                var threads = System.Diagnostics.Process.GetCurrentProcess().Threads.Count;
                var waiting = Enumerable.Range(0, 100).Select(_ => pool.AcquireAsync()).ToList();
                Failure.Unless("who waits", (long)pool.Metrics.WaitersNow, 100L);
                var more = System.Diagnostics.Process.GetCurrentProcess().Threads.Count - threads;
                if (more > 20) throw new Failure($"{more} threads more");
                held.Dispose();
                foreach (var task in waiting)
                {
                    using (var session = await task) Failure.Unless("the value", session.Run("value 1").End.Repr, "1");
                }
            }
        }

        public static async Task AWaitForAPoolEnds()
        {
            using (var runtime = new Runtime())
            using (var pool = runtime.OpenPool(new PoolOptions { Session = Echo(), MinIdle = 1, MaxSessions = 1 }))
            using (var held = pool.Acquire())
            using (var stop = new CancellationTokenSource())
            {
                await Ends(pool.AcquireAsync(new AcquireOptions { TimeoutMs = 20 }), Status.Timeout);
                var given = pool.AcquireAsync(null, stop.Token);
                Failure.Unless("who waits", (long)pool.Metrics.WaitersNow, 1L);
                stop.Cancel();
                await Canceled(given);
                Failure.Unless("who waits", (long)pool.Metrics.WaitersNow, 0L);
                await Canceled(pool.AcquireAsync(null, stop.Token));
                var last = pool.AcquireAsync();
                pool.Close();
                await Ends(last, Status.Closed);
                await Ends(pool.AcquireAsync(), Status.Closed);
            }
        }

        public static void ASessionGoesBackToItsOwnPoolAlone()
        {
            var one = new PoolOptions { Session = Echo(), MinIdle = 1, MaxSessions = 1 };
            using (var runtime = new Runtime())
            using (var pool = runtime.OpenPool(one))
            using (var other = runtime.OpenPool(one))
            {
                using (var session = pool.Acquire())
                using (var ofNone = runtime.Open(Echo()))
                {
                    Failure.Unless("another's", GivenBack(other, session), Status.Argument);
                    Failure.Unless("none's", GivenBack(other, ofNone), Status.Argument);
                    foreach (var still in new[] { session, ofNone }) Failure.Unless("the value", still.Run("value 1").End.Repr, "1");
                    Failure.Unless("who has it", $"{pool.Info.SessionsActive} {other.Info.SessionsActive}", "1 0");
                }
                using (var again = pool.Acquire()) Failure.Unless("the value", again.Run("value 1").End.Repr, "1");
                Failure.Unless("given back", $"{pool.Metrics.GivenBack} {other.Metrics.GivenBack}", "2 0");
            }
        }

        // What only the raw layer lets one say: disposal knows the pool.
        private static Status GivenBack(Pool pool, Session session)
        {
            unsafe
            {
                return Native.capsule_pool_give_back(pool.Handle.DangerousGetHandle(), session.Handle.DangerousGetHandle(), null);
            }
        }

        public static async Task CallsComeInPiecesAndWithoutAThread()
        {
            using (var runtime = new Runtime())
            using (var bridge = runtime.OpenBridge())
            using (var stop = new CancellationTokenSource())
            {
                bridge.Register(new Capability { Name = "put", Flags = CapabilityFlags.Upload });
                bridge.Register(new Capability { Name = "gone" });
                bridge.Register(new Capability { Name = "open" });
                bridge.Unregister("gone");
                var none = bridge.NextAsync(stop.Token);
                stop.Cancel();
                await Canceled(none);
                using (var session = runtime.Open(Calling(bridge)))
                {
                    var ended = session.RunAsync("with host.put() as put:\n    for n in range(100): put.send(b'x' * n)\n    size = put.finish()\nsize");
                    var put = await bridge.NextAsync();
                    var size = 0L;
                    for (var piece = bridge.NextChunk(put.RequestId); piece != null; piece = bridge.NextChunk(put.RequestId)) size += piece.Data.Length;
                    bridge.Respond(put.RequestId, Value.Json(size.ToString()));
                    Failure.Unless("the size", (await ended).End.Repr, "4950");
                    Answers(() => bridge.NextChunk(put.RequestId), Status.State);
                    Failure.Unless("none", session.Run("host.gone()").End.ErrorType, "AttributeError");

                    var open = session.RunAsync("host.open()");
                    await bridge.NextAsync();
                    bridge.CancelAll();
                    Failure.Unless("ended", (await open).End.ErrorType.Split('.').Last(), "CancelledError");
                    session.NarrowRules(new Rule { Capability = "put", Decision = Decision.Allow });
                    Failure.Unless("denied", session.Run("host.open()").End.ErrorType, "PermissionError");
                }
                var last = bridge.NextAsync();
                bridge.Close();
                if (await last != null) throw new Failure("a request of a closed bridge");
            }
        }

        public static void MemoryIsShared()
        {
            using (var runtime = new Runtime())
            using (var session = runtime.Open(new SessionOptions { Python = Python }))
            using (var buffer = SharedBuffer.New(1 << 20))
            {
                buffer.Write((1 << 20) - 2, new byte[] { 3, 4 });
                Throws<ArgumentOutOfRangeException>(() => buffer.Write(1 << 20, new byte[1]));
                session.Set("data", Value.Of(buffer, "H", 2, 1 << 18));
                Throws<InvalidOperationException>(() => buffer.Write(0, new byte[1]));
                Failure.Unless("as Python has it", session.Run("(data.shape, data[1, -1], data.nbytes)").End.Repr, "((2, 262144), 1027, 1048576)");
                buffer.Dispose();
                Failure.Unless("still there", session.Run("data[1, -1]").End.Repr, "1027");
                Answers(() => session.Set("late", Value.Of(buffer)), Status.Handle);
                var gone = SharedBuffer.New(8);
                gone.Dispose();
                Throws<ObjectDisposedException>(() => gone.Write(0, new byte[1]));
            }
        }

        public static void CheckpointsAreFilesAndKept()
        {
            var file = Path.Combine(Path.GetTempPath(), "capsule-checkpoint-雪-" + Guid.NewGuid());
            using (var runtime = new Runtime())
            using (var session = runtime.Open(new SessionOptions { Python = Python }))
            {
                session.Run("x = 1");
                using (var first = session.Checkpoint(new CheckpointOptions { Name = "first" }))
                using (var second = session.Checkpoint(new CheckpointOptions { Name = "second" }))
                {
                    Failure.Unless("none", session.Checkpoints.Count, 0);
                    session.Keep(first);
                    session.Keep(second);
                    var kept = session.Checkpoints;
                    Failure.Unless("their names", string.Join(" ", kept.Select(one => one.Info.Name)), "first second");
                    foreach (var one in kept) one.Dispose();
                    first.WriteFile(file);
                    using (var read = Checkpoint.ReadFile(file)) Failure.Unless("the bytes", read.ToBytes().SequenceEqual(first.ToBytes()), true);
                    File.Delete(file);
                    Answers(() => Checkpoint.ReadFile(file), Status.System);
                }
            }
        }

        public static void ASessionHasItsOwnLogLevelAndTraceContexts()
        {
            var file = Path.Combine(Path.GetTempPath(), "capsule-log-" + Guid.NewGuid());
            using (var runtime = new Runtime())
            using (var session = runtime.Open(Echo()))
            {
                Log.ToFile(file, LogLevel.Debug);
                session.SetLogLevel(LogLevel.Off);
                session.Run("value 1");
                Failure.Unless("the log", new FileInfo(file).Length, 0L);
                session.SetLogLevel(null);
                var given = session.Execute("value 1", new ExecutionOptions { Traceparent = Traceparent });
                given.Finish();
                Log.Off();
                if (new FileInfo(file).Length == 0) throw new Failure("nothing is logged");
                Answers(() => session.SetLogLevel((LogLevel)100), Status.Argument);
                File.Delete(file);
                Failure.Unless("given", session.TraceContext(given.Id).Traceparent, Traceparent);
                var made = session.TraceContext(1);
                if (made.Given != 0 || made.Traceparent.Length != Traceparent.Length) throw new Failure(made.Traceparent);
                Answers(() => session.TraceContext(1000), Status.Argument);
            }
        }

        private static async Task Ends<T>(Task<T> task, Status status) =>
            Failure.Unless("the status", (await ThrowsAsync<CapsuleException>(() => task)).Status, status);

        private static Task Canceled<T>(Task<T> task) => ThrowsAsync<OperationCanceledException>(() => task);

        private static void Answers(Action call, Status status) =>
            Failure.Unless("the status", Throws<CapsuleException>(call).Status, status);
    }
}
