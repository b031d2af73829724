using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace Capsule.Tests
{
    /// <summary>What a scenario expects of an execution's events; tests/scenarios/README.md has the keys.</summary>
    internal sealed class Expectations
    {
        private readonly Session session;
        private readonly List<Event> events;
        private readonly Event end;

        internal Expectations(Session session, List<Event> events)
        {
            this.session = session;
            this.events = events;
            end = events.Last();
        }

        internal void Check(IDictionary<string, object> expect)
        {
            foreach (var pair in expect) Check(pair.Key, pair.Value);
        }

        private void Check(string key, object value)
        {
            switch (key)
            {
                case "message_contains":
                    Contains(key, end.Message, (string)value);
                    break;
                case "type_contains":
                    Contains(key, end.TypeName, (string)value);
                    break;
                case "traceback_contains":
                    foreach (string part in (List<object>)value) Contains(key, end.Traceback ?? "", part);
                    break;
                case "json":
                    Failure.Unless(key, Json.Parse(end.Json ?? "\"absent\""), value);
                    break;
                case "progress":
                    Failure.Unless(key, Progress(), ((List<object>)value).Select(Doubles));
                    break;
                default:
                    Failure.Unless(key, Actual(key), value);
                    break;
            }
        }

        private object Actual(string key)
        {
            switch (key)
            {
                case "stdout": return Printed(Stream.Stdout);
                case "stderr": return Printed(Stream.Stderr);
                case "output": return Printed(null);
                case "text": return string.Concat(Outputs().Select(found => found.Text));
                case "stdout_size": return (long)events.Where(IsOn(Stream.Stdout)).Sum(found => AsWritten(found).Length);
                case "events": return Joined(events.Select(found => Names.Snake(found.Kind)), name => name == "output");
                case "origins": return Joined(Outputs().Select(found => Names.Snake(found.Origin)), name => true);
                case "prompts": return Prompts(0);
                case "secret_prompts": return Prompts(1);
                case "input_promises": return events.Where(found => found.Kind == EventKind.Input).Select(found => (object)found.InputPromise).ToList();
                case "displays": return events.Where(found => found.Kind == EventKind.Display).Select(Display).ToList();
                case "left_out_bytes": return end.LeftOutBytes;
                case "left_out_lines": return end.LeftOutLines;
                case "code_class": return Names.Snake(end.CodeClass);
                case "repr": return end.Repr;
                case "type": return end.TypeName;
                case "repr_size_bytes": return end.ReprSizeBytes;
                case "json_absent": return end.Json == null;
                case "value": return end.Value?.Text;
                case "value_refused": return Names.OfStatus(end.ValueStatus);
                case "outcome": return Names.Snake(end.Outcome);
                case "error_type": return end.ErrorType;
                case "message": return end.Message;
                case "cancel_phase": return Names.Snake(end.CancelPhase);
                case "death_reason": return Names.Snake(end.DeathReason);
                case "exit_code": return end.ExitCode;
                case "signal_number": return end.SignalNumber;
                case "state": return Names.Snake(end.State);
                case "effects": return Effects();
                case "restored_checkpoint": return end.RestoredCheckpoint;
                case "session_state": return Names.Snake(session.Info.State);
                default: throw new Failure($"unknown expectation {key}");
            }
        }

        private IEnumerable<Event> Outputs() => events.Where(found => found.Kind == EventKind.Output);

        private static Func<Event, bool> IsOn(Stream? stream) =>
            found => found.Kind == EventKind.Output && (stream == null || found.Stream == stream);

        private string Printed(Stream? stream) =>
            Encoding.UTF8.GetString(events.Where(IsOn(stream)).SelectMany(AsWritten).ToArray());

        // What is not UTF-8 is in the text as U+FFFD.
        private static byte[] AsWritten(Event found) => found.Raw ?? found.Data;

        private List<object> Prompts(int secret) => events
            .Where(found => found.Kind == EventKind.Input && found.Secret == secret).Select(found => (object)(found.Prompt ?? "")).ToList();

        // Neighbours that are equal, and are to be joined, as one.
        private static string Joined(IEnumerable<string> names, Func<string, bool> join)
        {
            var joined = new List<string>();
            foreach (var name in names)
            {
                if (joined.Count == 0 || joined.Last() != name || !join(name)) joined.Add(name);
            }
            return string.Join(" ", joined);
        }

        private static object Display(Event found) =>
            found.Parts.ToDictionary(part => part.MimeType, part => (object)Encoding.UTF8.GetString(part.Data));

        private List<object> Progress() => events.Where(found => found.Kind == EventKind.Progress).Select(found => (object)new List<object>
        {
            found.ProgressValue, double.IsNaN(found.ProgressTotal) ? (object)null : found.ProgressTotal, found.ProgressLabel ?? "",
        }).ToList();

        private static object Doubles(object row) => ((List<object>)row).Select(item => item is long ? Convert.ToDouble(item) : item).ToList();

        private List<object> Effects() => Enum.GetValues(typeof(Effects)).Cast<Effects>()
            .Where(effect => (end.Effects & effect) != 0).Select(effect => (object)Names.Snake(effect)).ToList();

        private static void Contains(string what, string text, string part)
        {
            if (text == null || !text.Contains(part)) throw new Failure($"{what}: {Json.Show(text)} is without {Json.Show(part)}");
        }
    }
}
