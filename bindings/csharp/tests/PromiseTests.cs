using System;
using System.Linq;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace Capsule.Tests
{
    // Promises, durable executions, and what is told of sessions.
    internal static partial class Tests
    {
        public static void PromisesAreSettledOnce()
        {
            using (var runtime = new Runtime())
            using (var store = runtime.OpenStore())
            {
                store.Create(new PromiseWish { Id = "p" });
                Failure.Unless("settled", store.Resolve("p", new byte[] { 1 }).State, PromiseState.Resolved);
                Failure.Unless("settled again", store.Reject("p", new byte[] { 2 }).Value[0], 1L);
                Failure.Unless("waited for", store.Wait("p").State, PromiseState.Resolved);
                store.Create(new PromiseWish { Id = "q" });
                store.Watch("q");
                Throws<CapsuleTimeoutException>(() => store.NextSettled(TimeSpan.FromMilliseconds(10)));
                store.Settle("q", PromiseState.Rejected, new byte[] { 3 });
                Failure.Unless("told of", store.NextSettled().Id, "q");
            }
        }

        public static async Task ASettledPromiseIsAwaited()
        {
            using (var runtime = new Runtime())
            using (var store = runtime.OpenStore())
            {
                store.Create(new PromiseWish { Id = "p" });
                Failure.Unless("open", store.Pending.Single().Id, "p");
                store.Watch("p");
                using (var short_ = new CancellationTokenSource(20))
                {
                    await ThrowsAsync<OperationCanceledException>(() => store.NextSettledAsync(short_.Token));
                }
                var next = store.NextSettledAsync();
                store.Cancel("p");
                Failure.Unless("told of", (await next).State, PromiseState.Canceled);
                store.Forget("p");
                Failure.Unless("forgotten", Throws<CapsuleException>(() => store.Get("p")).Status, Status.Name);
                next = store.NextSettledAsync();
                store.Close();
                Failure.Unless("closed", (await ThrowsAsync<CapsuleException>(() => next)).Status, Status.Closed);
            }
        }

        public static void ADurableExecutionRunsOnce()
        {
            using (var runtime = new Runtime())
            using (var store = runtime.OpenStore())
            using (var session = runtime.Open(new SessionOptions { Python = Python }))
            {
                session.Run("runs = 0");
                const string source = "runs += 1\nruns";
                var (execution, promise) = store.Execute(session, source, "invoice-2026-11", TimeSpan.FromHours(1));
                Failure.Unless("begun", promise.State, PromiseState.Pending);
                using (execution) Failure.Unless("ok", execution.Finish().Ok, true);
                var (none, settled) = store.Execute(session, source, "invoice-2026-11");
                Failure.Unless("run again", none == null, true);
                Failure.Unless("its value", Encoding.UTF8.GetString(settled.Value), "1");
                Failure.Unless("runs", session.Run("runs").End.Repr, "1");
                Failure.Unless("no id", Throws<CapsuleException>(() => store.Execute(session, source, "not an id")).Status, Status.Argument);
            }
        }

        public static void WhoSettlesThePromiseOfAnInputAnswersIt()
        {
            using (var runtime = new Runtime())
            using (var store = runtime.OpenStore())
            using (var session = runtime.Open(Echo()))
            {
                using (var execution = store.Execute(session, "input name?\nvalue x", "exec:trip").execution)
                {
                    var request = execution.First(found => found.Kind == EventKind.Input);
                    Failure.Unless("its promise", request.InputPromise, "exec:trip:input:1");
                    store.Resolve(request.InputPromise, Encoding.UTF8.GetBytes("\"Ada\""));
                    Failure.Unless("what it got", execution.Finish().Output, "Ada\n");
                }
                using (var plain = session.Execute("input name?"))
                {
                    Failure.Unless("of others", plain.First(found => found.Kind == EventKind.Input).InputPromise, null);
                }
            }
        }

        /// <summary>By each call that takes one; a task that never began is canceled, and has not failed.</summary>
        public static void ATokenThatIsCanceledStartsNothing()
        {
            var gone = new CancellationToken(true);
            using (var runtime = new Runtime())
            using (var store = runtime.OpenStore())
            using (var bridge = runtime.OpenBridge())
            using (var pool = runtime.OpenPool(new PoolOptions { Session = Echo(), MinIdle = 1, MaxSessions = 1 }))
            using (var session = runtime.Open(Echo()))
            using (var trace = session.FollowTrace())
            {
                Throws<OperationCanceledException>(() => session.Execute("value x", null, gone));
                Throws<OperationCanceledException>(() => session.Run("value x", null, gone));
                Throws<OperationCanceledException>(() => store.Execute(session, "value x", "p", null, null, gone));
                NeverBegan(session.RunAsync("value x", null, gone));
                NeverBegan(pool.AcquireAsync(null, gone));
                NeverBegan(bridge.NextAsync(gone));
                NeverBegan(store.NextSettledAsync(gone));
                NeverBegan(trace.NextAsync(gone));
                Failure.Unless("executions accepted", session.Info.ExecutionsStarted, 0L);
                Failure.Unless("who has a session, and promises", $"{pool.Info.SessionsActive} {store.Pending.Count}", "0 0");
                using (var execution = session.Execute("value x"))
                {
                    NeverBegan(execution.NextAsync(gone).AsTask());
                    NeverBegan(execution.GetAsyncEnumerator(gone).MoveNextAsync().AsTask());
                    Failure.Unless("nothing was taken", execution.Next().Kind, EventKind.Started);
                    Failure.Unless("the value", execution.Finish().End.Repr, "x");
                }
            }
        }

        private static void NeverBegan(Task task) => Failure.Unless("the task", task.Status, TaskStatus.Canceled);

        public static void ATextWithANulIsRefusedWhole()
        {
            const string text = "a\0b";
            using (var runtime = new Runtime())
            using (var store = runtime.OpenStore())
            using (var session = runtime.Open(new SessionOptions { Python = Python }))
            {
                Answers(() => session.Run(text), Status.Argument);
                Answers(() => session.Run("1", new ExecutionOptions { FileName = text }), Status.Argument);
                Answers(() => session.Set(text, Value.Of("x")), Status.Argument);
                Answers(() => session.Get(text), Status.Argument);
                Answers(() => runtime.Open(new SessionOptions { Python = text }), Status.Argument);
                Answers(() => runtime.Open(new SessionOptions { Environment = new[] { "A=" + text } }), Status.Argument);
                Answers(() => new Runtime(new RuntimeOptions { WorkerDir = text }), Status.Argument);
                Answers(() => store.Create(new PromiseWish { Id = text }), Status.Argument);
                Answers(() => Log.ToFile("/tmp/" + text), Status.Argument);
                using (var execution = session.Execute("input()"))
                {
                    var input = execution.First(found => found.Kind == EventKind.Input);
                    Answers(() => execution.Answer(input.InputId, text), Status.Argument);
                    execution.Answer(input.InputId, "whole");
                    Failure.Unless("the answer", execution.Finish().End.Repr, "'whole'");
                }
            }
        }

        public static async Task ATraceIsFollowedToItsEnd()
        {
            using (var runtime = new Runtime())
            using (var session = runtime.Open(Echo()))
            using (var trace = session.FollowTrace())
            using (var late = session.FollowTrace(new TraceFilter { Kind = TraceKind.ExecutionFinished }))
            {
                Throws<CapsuleTimeoutException>(() => late.Next(TimeSpan.FromMilliseconds(10)));
                var first = late.NextAsync();
                session.Run("value x");
                Failure.Unless("its execution", (await first).ExecutionId, 1L);
                session.Close();
                var kinds = trace.Select(found => found.Kind).ToList();
                Failure.Unless("sent", kinds.Count(kind => kind == TraceKind.ExecutionSent), 1L);
                Failure.Unless("finished", kinds.Count(kind => kind == TraceKind.ExecutionFinished), 1L);
                Failure.Unless("the end", await trace.NextAsync() == null, true);
                if (trace.Info.Stored == 0) throw new Failure("nothing is stored");
            }
        }

        public static void APostmortemTellsHowAWorkerDied()
        {
            using (var runtime = new Runtime())
            using (var session = runtime.Open(Echo()))
            {
                Failure.Unless("none", Throws<CapsuleException>(() => session.Postmortem()).Status, Status.State);
                session.Run("kill");
                var found = session.Postmortem();
                Failure.Unless("signal", found.Info.SignalNumber, 9L);
                Failure.Unless("execution", found.Info.ExecutionId, 1L);
                if (found.Stack != null || found.Info.Events.Count() == 0 || !found.Json.StartsWith("{")) throw new Failure(found.Json);
            }
        }

        public static void AStackTellsWherePythonStandsAndWhereItStood()
        {
            using (var runtime = new Runtime())
            using (var session = runtime.Open(new SessionOptions { Python = Python }))
            using (var execution = session.Execute("import os\ndef ask():\n    return input('in')\nif ask() == 'end':\n    os.abort()"))
            {
                var request = execution.First(found => found.Kind == EventKind.Input);
                var counted = session.Stack().Threads[0];
                Failure.Unless("main", counted.Info.IsMain, 1);
                Failure.Unless("frames counted", (long)counted.Info.FramesOmitted, 2L);
                const InspectLevel full = InspectLevel.Full;
                runtime.SetIntrospectionPolicy(new IntrospectionPolicy { Stack = full, Postmortem = full, MaxLabelBytes = 1024 });
                var living = session.Stack(new StackOptions { MaxFrames = 1 });
                Failure.Unless("where it stands", Told(living), "Memory ask:3");
                Failure.Unless("left out", living.Threads[0].Info.FramesOmitted > 0, true);
                execution.Answer(request.InputId, "end");
                Failure.Unless("its end", execution.Finish().End.Outcome, Outcome.Died);
                var dead = session.Postmortem().Stack;
                Failure.Unless("where it stood", Told(dead), "Death <module>:5");
                Failure.Unless("why", dead.Info.Cause, "Aborted");
                Failure.Unless("hit", dead.Threads[0].Info.Hit, 1);
                Failure.Unless("of the session", Told(session.Stack()), Told(dead));
            }
        }

        private static string Told(StackTrace stack) =>
            $"{stack.Info.Source} {string.Join(" ", stack.Threads[0].Frames.Select(frame => $"{frame.Function}:{frame.Line}"))}";

        public static void ATraceNamesWhatWasCalledAsThePolicyShowsIt()
        {
            using (var runtime = new Runtime())
            using (var bridge = runtime.OpenBridge())
            {
                bridge.Register(new Capability { Name = "customers" });
                var server = bridge.Serve(request => Value.Json("1"));
                var options = Echo();
                options.Bridge = bridge;
                options.Rules = new[] { new Rule { Capability = "*", Decision = Decision.Allow } };
                using (var session = runtime.Open(options))
                {
                    session.Run("call customers {}");
                    var number = session.Trace(new TraceFilter { Kind = TraceKind.CapabilityCalled }).Single().Label;
                    Failure.Unless("by default", session.TraceLabel(number).Form, LabelForm.Dropped);
                    runtime.SetIntrospectionPolicy(new IntrospectionPolicy { Trace = InspectLevel.Full });
                    Failure.Unless("shown", session.TraceLabel(number).Text, "customers");
                    Failure.Unless("none", Throws<CapsuleException>(() => session.TraceLabel(number + 1)).Status, Status.Argument);
                }
                bridge.Close();
                server.Join();
            }
        }
    }
}
