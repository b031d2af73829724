using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading;

namespace Capsule.Tests
{
    using Pairs = IDictionary<string, object>;

    /// <summary>
    /// Plays tests/scenarios/*.json. Usage: scenarios FOLDER PYTHON [NAME [PATTERN]]; one line a scenario, and the outcomes as NAME.json
    /// in CAPSULE_CONFORMANCE_DIR.
    /// </summary>
    internal static class Scenarios
    {
        private static int Main(string[] arguments)
        {
            var outcomes = new Dictionary<string, object>();
            var files = Directory.GetFiles(arguments[0], "*.json").OrderBy(name => name, StringComparer.Ordinal).ToList();
            using (var runtime = new Runtime())
            {
                foreach (var file in files.Where(name => arguments.Length < 4 || name.Contains(arguments[3])))
                {
                    var name = Path.GetFileNameWithoutExtension(file);
                    try
                    {
                        using (var scenario = new Scenario(runtime, arguments[1], (Pairs)Json.Parse(File.ReadAllText(file)))) scenario.Play();
                        outcomes[name] = "ok";
                        Console.WriteLine($"ok {name}");
                    }
                    catch (Exception error)
                    {
                        outcomes[name] = "failed";
                        Console.WriteLine($"FAILED {name}: {(error is Failure ? error.Message : error.ToString())}");
                    }
                }
            }
            var folder = Environment.GetEnvironmentVariable("CAPSULE_CONFORMANCE_DIR");
            if (arguments.Length == 3 && !string.IsNullOrEmpty(folder))
            {
                Directory.CreateDirectory(folder);
                File.WriteAllText(Path.Combine(folder, arguments[2] + ".json"), Json.Show(outcomes) + "\n");
            }
            var failed = outcomes.Values.Count(outcome => !Equals(outcome, "ok"));
            Console.WriteLine($"{files.Count} scenarios, {failed} failed");
            return failed == 0 && files.Count >= 120 ? 0 : 1;
        }
    }

    internal sealed class Scenario : IDisposable
    {
        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
        private static readonly HashSet<string> Keys = new HashSet<string>
        {
            "execute", "file_name", "traceparent", "tracestate", "timeout_ms", "idempotency_key", "inputs", "unanswered", "cancel_after",
            "grace_ms", "interrupt_after", "expect", "restart", "close", "refused", "in", "set", "get", "delete", "json", "text", "repr", "strategy",
            "snapshot", "restore", "branch", "of", "transaction", "scope", "bind", "result", "update", "keep_checkpoint",
            "restore_checkpoint", "forget_checkpoint", "acquire", "give_back", "calls", "metrics", "fields", "trace", "group",
            "durable", "by_promise", "recorded", "promise", "state",
        };

        private readonly Runtime runtime;
        private readonly List<object> steps;
        private readonly Session session;
        private readonly Pool pool;
        private readonly Host host;
        private readonly PromiseStore store;
        private readonly Dictionary<string, Session> sessions = new Dictionary<string, Session>();
        private readonly Dictionary<string, Snapshot> snapshots = new Dictionary<string, Snapshot>();

        internal Scenario(Runtime runtime, string python, Pairs scenario)
        {
            foreach (var key in scenario.Keys.Except(new[] { "name", "session", "steps", "pool", "bridge", "promises" })) throw new Failure($"unknown key {key}");
            this.runtime = runtime;
            steps = (List<object>)scenario["steps"];
            var options = Names.Fill(new SessionOptions { Python = python }, Get(scenario, "session", new Dictionary<string, object>()));
            if (scenario.ContainsKey("bridge"))
            {
                host = new Host(runtime, (Pairs)scenario["bridge"]);
                options.Bridge = host.Bridge;
                options.Rules = host.Rules;
            }
            if (Get(scenario, "promises", false)) store = runtime.OpenStore();
            if (!scenario.ContainsKey("pool"))
            {
                session = runtime.Open(options);
                return;
            }
            pool = runtime.OpenPool(Names.Fill(new PoolOptions { Session = options }, (Pairs)scenario["pool"]));
            pool.WaitReady(Patience);
        }

        public void Dispose()
        {
            foreach (var snapshot in snapshots.Values) snapshot.Dispose();
            foreach (var opened in sessions.Values) opened.Dispose();
            session?.Dispose();
            pool?.Dispose();
            host?.Dispose();
            store?.Dispose();
        }

        internal void Play()
        {
            for (var i = 0; i < steps.Count; ++i)
            {
                try
                {
                    Play((Pairs)steps[i]);
                }
                catch (Failure failure)
                {
                    throw new Failure($"step {i + 1}: {failure.Message}");
                }
            }
        }

        private void Play(Pairs step)
        {
            foreach (var key in step.Keys.Where(key => !Keys.Contains(key))) throw new Failure($"unknown key {key}");
            var of = step.ContainsKey("in") ? sessions[(string)step["in"]] : session;
            if (step.ContainsKey("expect"))
            {
                Execute(of, step);
                return;
            }
            var status = Status.Ok;
            try
            {
                Try(of, step);
            }
            catch (CapsuleException error)
            {
                status = error.Status;
            }
            Failure.Unless("the status", Names.OfStatus(status), Get(step, "refused", "CAPSULE_OK"));
        }

        private void Try(Session of, Pairs step)
        {
            var strategy = (SetStrategy)Enum.Parse(typeof(SetStrategy), Names.Camel(Get(step, "strategy", "overwrite")));
            switch (step.Keys.First(key => key != "in"))
            {
                case "set":
                    of.Set((string)step["set"], step.ContainsKey("text") ? Value.Of((string)step["text"]) : AsJson(step["json"]), strategy, Patience);
                    break;
                case "update":
                    of.Update(((Pairs)step["update"]).ToDictionary(pair => pair.Key, pair => AsJson(pair.Value)), strategy, Patience);
                    break;
                case "get":
                    Read(of, step);
                    break;
                case "delete":
                    of.Delete((string)step["delete"], Patience);
                    break;
                case "snapshot":
                    snapshots[(string)step["snapshot"]] = of.Snapshot(Patience);
                    break;
                case "restore":
                    of.Restore(snapshots[(string)step["restore"]], Patience);
                    break;
                case "branch":
                    sessions[(string)step["branch"]] = step.ContainsKey("of") ? snapshots[(string)step["of"]].Branch(Patience) : of.Branch(Patience);
                    break;
                case "keep_checkpoint":
                    using (var made = of.Checkpoint(new CheckpointOptions { Name = (string)step["keep_checkpoint"] }, Patience)) of.Keep(made);
                    break;
                case "restore_checkpoint":
                    using (var found = of.Find((string)step["restore_checkpoint"])) of.Restore(found, 0, Patience);
                    break;
                case "forget_checkpoint":
                    of.Forget((string)step["forget_checkpoint"]);
                    break;
                case "restart":
                    of.Restart();
                    break;
                case "close":
                    of.Close(TimeSpan.FromMilliseconds((long)step["close"]));
                    break;
                case "execute":
                    Begin(of, step)?.Dispose();
                    break;
                case "recorded":
                    if (Begin(of, step) != null) throw new Failure("it was not recorded before");
                    break;
                case "promise":
                    Read(store.Get((string)step["promise"]), step);
                    break;
                default:
                    TryHost(of, step);
                    break;
            }
        }

        private void TryHost(Session of, Pairs step)
        {
            if (step.ContainsKey("acquire"))
            {
                var options = new AcquireOptions();
                if (step.ContainsKey("timeout_ms")) options.TimeoutMs = (long)step["timeout_ms"];
                sessions[(string)step["acquire"]] = pool.Acquire(options);
            }
            else if (step.ContainsKey("give_back"))
            {
                sessions[(string)step["give_back"]].Dispose();
                sessions.Remove((string)step["give_back"]);
            }
            else if (step.ContainsKey("calls"))
            {
                Failure.Unless("the calls", host.Calls, step["calls"]);
            }
            else if (step.ContainsKey("metrics"))
            {
                var record = Record(of, (string)step["metrics"]);
                foreach (var field in (Pairs)step["fields"]) Failure.Unless(field.Key, Names.Field(record, field.Key), field.Value);
            }
            else if (step.ContainsKey("trace"))
            {
                var filter = new TraceFilter { Kind = (TraceKind)Get(step, "group", 0L) };
                var events = Get(step, "of", "session") == "pool" ? pool.Trace(filter) : of.Trace(filter);
                Failure.Unless("the trace", events.Select(found => (object)Names.Snake(found.Kind)).ToList(), step["trace"]);
            }
            else
            {
                throw new Failure("a step without an action");
            }
        }

        private object Record(Session of, string name)
        {
            switch (name)
            {
                case "session": return of.Info;
                case "executor": return of.ExecutorMetrics;
                case "async": return of.AsyncMetrics;
                case "limiter": return of.LimiterMetrics;
                case "bridge": return of.BridgeMetrics;
                case "pool": return pool.Metrics;
                case "pool_info": return pool.Info;
                case "runtime": return runtime.Info;
                default: throw new Failure($"unknown metrics {name}");
            }
        }

        private static void Read(Session of, Pairs step)
        {
            var kind = step.ContainsKey("text") ? ValueKind.Text : step.ContainsKey("repr") ? ValueKind.Repr : ValueKind.Json;
            var text = of.Get((string)step["get"], kind, Patience).Text;
            if (kind != ValueKind.Json) Failure.Unless("the value", text, step[Names.Snake(kind)]);
            else if (step.ContainsKey("json")) Failure.Unless("the value", Json.Parse(text), step["json"]);
        }

        private static void Read(Promise promise, Pairs step)
        {
            Failure.Unless("the promise", Names.Snake(promise.State), step["state"]);
            if (step.ContainsKey("json")) Failure.Unless("its value", Json.Parse(Encoding.UTF8.GetString(promise.Value)), step["json"]);
        }

        private Execution Begin(Session of, Pairs step)
        {
            if (!step.ContainsKey("durable")) return of.Execute(Source(step), Options(step));
            return store.Execute(of, Source(step), (string)step["durable"], null, Options(step)).execution;
        }

        private void Answer(Execution execution, Event request, Pairs step, string line)
        {
            if (Get(step, "by_promise", false))
            {
                if (line == null) store.Reject(request.InputPromise);
                else store.Resolve(request.InputPromise, Encoding.UTF8.GetBytes(Json.Show(line)));
            }
            else if (line != null) execution.Answer(request.InputId, line);
            else execution.Decline(request.InputId);
        }

        private void Execute(Session of, Pairs step)
        {
            var events = new List<Event>();
            using (var execution = Begin(of, step) ?? throw new Failure("it was recorded before"))
            {
                var answers = new Queue<object>(Get(step, "inputs", new List<object>()));
                var cancelAfter = Get<string>(step, "cancel_after", null);
                var interruptAfter = Get<string>(step, "interrupt_after", null);
                var output = new StringBuilder();
                for (var found = execution.Next(Patience); found != null; found = execution.Next(Patience))
                {
                    events.Add(found);
                    if (found.Outcome != 0) break;
                    output.Append(found.Text);
                    if (found.Kind == EventKind.Input && !step.ContainsKey("cancel_after") && !step.ContainsKey("unanswered"))
                    {
                        if (answers.Count == 0) throw new Failure("it asks more than is answered");
                        Answer(execution, found, step, (string)answers.Dequeue());
                    }
                    if (Reached(output, ref cancelAfter)) execution.Cancel(Grace(Get(step, "grace_ms", -1L)));
                    if (Reached(output, ref interruptAfter)) execution.Interrupt();
                }
                if (answers.Count > 0 || cancelAfter != null || interruptAfter != null) throw new Failure("it ended before what was to come");
            }
            new Expectations(of, events).Check((Pairs)step["expect"]);
        }

        private static bool Reached(StringBuilder output, ref string mark)
        {
            if (mark == null || !output.ToString().Contains(mark)) return false;
            mark = null;
            return true;
        }

        private static TimeSpan? Grace(long milliseconds) => milliseconds < 0 ? (TimeSpan?)null : TimeSpan.FromMilliseconds(milliseconds);

        private static string Source(Pairs step)
        {
            var source = step[step.ContainsKey("recorded") ? "recorded" : "execute"];
            return source is string text ? text : string.Join("\n", ((List<object>)source).Cast<string>());
        }

        private static ExecutionOptions Options(Pairs step)
        {
            var options = new ExecutionOptions { Inputs = Get(step, "bind", new Dictionary<string, object>()).ToDictionary(pair => pair.Key, pair => AsJson(pair.Value)) };
            foreach (var key in new[] { "file_name", "traceparent", "tracestate", "timeout_ms", "idempotency_key", "transaction" })
            {
                if (step.ContainsKey(key)) Names.Fill(options, new Dictionary<string, object> { { key, step[key] } });
            }
            if (step.ContainsKey("scope")) options.TransactionScope = (TransactionScope)Enum.Parse(typeof(TransactionScope), Names.Camel((string)step["scope"]));
            if (step.ContainsKey("result")) options.ResultKind = (ValueKind)Enum.Parse(typeof(ValueKind), Names.Camel((string)step["result"]));
            return options;
        }

        private static Value AsJson(object value) => Value.Json(Json.Show(value));

        internal static T Get<T>(Pairs pairs, string key, T otherwise) => pairs.TryGetValue(key, out var found) ? (T)found : otherwise;
    }

    /// <summary>What a scenario's code may call.</summary>
    internal sealed class Host : IDisposable
    {
        private readonly Dictionary<string, Pairs> capabilities = new Dictionary<string, Pairs>();
        private readonly List<object> calls = new List<object>();
        private readonly Thread thread;

        internal Host(Runtime runtime, Pairs given)
        {
            Bridge = runtime.OpenBridge();
            foreach (Pairs capability in (List<object>)given["capabilities"])
            {
                var name = (string)capability["name"];
                capabilities[name] = capability;
                var flags = (capability.ContainsKey("idempotent") ? CapabilityFlags.Idempotent : 0) |
                    (capability.ContainsKey("needs_approval") ? CapabilityFlags.NeedsApproval : 0) |
                    (capability.ContainsKey("chunks") ? CapabilityFlags.Stream : 0) |
                    (capability.ContainsKey("collects") ? CapabilityFlags.Upload : 0);
                var offered = new Capability { Name = name, Parameters = Scenario.Get<string>(capability, "parameters", null), Flags = flags };
                if (capability.ContainsKey("timeout_ms")) offered.TimeoutMs = (long)capability["timeout_ms"];
                Bridge.Register(offered);
            }
            Rules = ((List<object>)given["rules"]).Cast<Pairs>().Select(rule => Names.Fill(new Rule(), rule)).ToArray();
            thread = new Thread(Serve) { IsBackground = true };
            thread.Start();
        }

        internal Bridge Bridge { get; }

        internal Rule[] Rules { get; }

        internal List<object> Calls
        {
            get
            {
                lock (calls) return calls.ToList();
            }
        }

        public void Dispose()
        {
            Bridge.Close();
            thread.Join();
            Bridge.Dispose();
        }

        private void Serve()
        {
            for (var request = Bridge.Next(); request != null; request = Bridge.Next())
            {
                try
                {
                    ServeOne(request, capabilities[request.Capability]);
                }
                catch (CapsuleException)
                {
                    // Nobody waits for the answer any more.
                }
            }
        }

        private void ServeOne(Request request, Pairs capability)
        {
            if (request.Kind == RequestKind.Approval)
            {
                Bridge.Approve(request.RequestId, Scenario.Get(capability, "approve", false));
                return;
            }
            lock (calls) calls.Add(new List<object> { request.Capability, Json.Parse(request.Arguments) });
            if (capability.ContainsKey("returns")) Bridge.Respond(request.RequestId, Value.Json(Json.Show(capability["returns"])));
            else if (capability.ContainsKey("echo")) Bridge.Respond(request.RequestId, Value.Json(request.Arguments));
            else if (capability.ContainsKey("fails"))
            {
                var fails = (Pairs)capability["fails"];
                Bridge.Fail(request.RequestId, (string)fails["type"], (string)fails["message"]);
            }
            else if (capability.ContainsKey("chunks"))
            {
                foreach (var chunk in (List<object>)capability["chunks"]) Bridge.SendChunk(request.RequestId, Value.Json(Json.Show(chunk)));
                Bridge.Respond(request.RequestId, null);
            }
            else if (capability.ContainsKey("collects"))
            {
                var pieces = new List<string>();
                for (var piece = Bridge.NextChunk(request.RequestId); piece != null; piece = Bridge.NextChunk(request.RequestId))
                {
                    pieces.Add(piece.Kind == ValueKind.Text ? Json.Show(piece.Text) : piece.Text);
                }
                Bridge.Respond(request.RequestId, Value.Json("[" + string.Join(",", pieces) + "]"));
            }
        }
    }
}
