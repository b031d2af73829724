using System;
using System.Collections;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Capsule.Raw;

namespace Capsule
{
    /// <summary>
    /// Reads a session's trace event by event, to the session's close; it may outlive the session. A
    /// <see cref="CapsuleException"/> of status <c>Evicted</c> tells once that events went before they were read.
    /// </summary>
    public sealed unsafe class TraceReader : Owner, IEnumerable<TraceEvent>, IAsyncEnumerable<TraceEvent>
    {
        private readonly Readiness readiness = new Readiness();

        internal TraceReader(IntPtr token) : base(token, Native.capsule_trace_release)
        {
        }

        /// <summary>The next event; null when the session is closed and all was read. Waits for it, by default as long as it takes.</summary>
        public TraceEvent Next(TimeSpan? time = null) =>
            TryNext(Milliseconds(time), out var found) ? found : throw new CapsuleTimeoutException("no event came in time");

        /// <summary>The same without holding up a thread; the token ends the wait.</summary>
        public Task<TraceEvent> NextAsync(CancellationToken waiting = default) => readiness.Take<TraceEvent>(TryNext, () => Fd, waiting);

        /// <summary>Readable while <see cref="Next"/> may have something. The reader's: never read, never closed.</summary>
        public int Fd
        {
            get
            {
                var error = Errors.New();
                int fd;
                Check(Native.capsule_trace_get_fd(Token, &fd, &error), &error);
                return fd;
            }
        }

        /// <summary>What there is of the trace, and what there is no longer.</summary>
        public TraceInfo Info => Told.capsule_trace_get_info(this);

        /// <inheritdoc/>
        public IEnumerator<TraceEvent> GetEnumerator()
        {
            for (var next = Next(); next != null; next = Next()) yield return next;
        }

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

        /// <inheritdoc/>
        public IAsyncEnumerator<TraceEvent> GetAsyncEnumerator(CancellationToken waiting = default) =>
            new Walk<TraceEvent>(() => new ValueTask<TraceEvent>(NextAsync(waiting)));

        /// <inheritdoc/>
        public override void Dispose() => readiness.End(base.Dispose);

        private bool TryNext(out TraceEvent found) => TryNext(0, out found);

        private bool TryNext(long milliseconds, out TraceEvent found)
        {
            var error = Errors.New();
            capsule_trace_event raw;
            var status = Native.capsule_trace_next(Token, milliseconds, &raw, &error);
            found = null;
            if (status == Status.Timeout) return false;
            if (status == Status.End) return true;
            Check(status, &error);
            found = new TraceEvent(&raw);
            return true;
        }
    }

    /// <summary>What is known of a worker that died: how, in the middle of what, and what it did last.</summary>
    public sealed unsafe class Postmortem
    {
        private Postmortem(PostmortemInfo info, string json, StackTrace stack)
        {
            Info = info;
            Json = json;
            Stack = stack;
        }

        /// <summary>The record, with the last events.</summary>
        public PostmortemInfo Info { get; }

        /// <summary>All of it, one line, as <c>capsule postmortem FILE</c> shows it.</summary>
        public string Json { get; }

        /// <summary>Where its Python code stood, where a fatal signal ended it; SIGKILL leaves none: null.</summary>
        public StackTrace Stack { get; }

        /// <summary>What a handle of the library's tells, which is given back.</summary>
        internal static Postmortem Taken(IntPtr token)
        {
            using (var handle = new Held(token, Native.capsule_postmortem_release))
            {
                var error = Errors.New();
                capsule_text json;
                Errors.Check(Native.capsule_postmortem_to_json(token, &json, &error), &error);
                var info = Told.capsule_postmortem_get_info(handle);
                return new Postmortem(info, Texts.String(json), StackOf(token));
            }
        }

        private static StackTrace StackOf(IntPtr postmortem)
        {
            var error = Errors.New();
            IntPtr token;
            var status = Native.capsule_postmortem_get_stack(postmortem, &token, &error);
            if (status == Status.State) return null;
            Errors.Check(status, &error);
            return StackTrace.Taken(token);
        }
    }

    public sealed unsafe partial class Session
    {
        /// <summary>Begins to read its trace: the events that there are and those to come, or those that fit the filter.</summary>
        public TraceReader FollowTrace(TraceFilter filter = null)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                IntPtr token;
                var raw = filter == null ? null : filter.Write(arena);
                Check(Native.capsule_trace_get(Token, raw, &token, &error), &error);
                return new TraceReader(token);
            }
        }

        /// <summary>The name that an event's <c>Label</c> stands for, as the policy shows it.</summary>
        public TraceLabel TraceLabel(uint number) => Told.capsule_session_get_trace_label(this, number);

        /// <summary>As <see cref="TraceLabel"/>, at the level that is asked for and for the caller that is named.</summary>
        public TraceLabel InspectTraceLabel(uint number, Inspection inspection = null) =>
            Told.capsule_session_inspect_trace_label(this, inspection, number);

        /// <summary>The trace context that an execution was given, or got.</summary>
        public TraceContext TraceContext(ulong executionId) => Told.capsule_session_get_trace_context(this, executionId);

        /// <summary>What is known of one of its last deaths, 0 for the last; status <c>State</c> where there was none.</summary>
        public Postmortem Postmortem(uint index = 0)
        {
            var error = Errors.New();
            IntPtr token;
            Check(Native.capsule_session_get_postmortem(Token, index, &token, &error), &error);
            return Capsule.Postmortem.Taken(token);
        }

        /// <summary>As <see cref="Postmortem"/>, at the level that is asked for and for the caller that is named.</summary>
        public Postmortem InspectPostmortem(uint index = 0, Inspection inspection = null)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                IntPtr token;
                var look = inspection == null ? null : inspection.Write(arena);
                Check(Native.capsule_session_inspect_postmortem(Token, look, index, &token, &error), &error);
                return Capsule.Postmortem.Taken(token);
            }
        }
    }
}
