using System;
using System.Collections;
using System.Collections.Generic;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Capsule.Raw;

namespace Capsule
{
    /// <summary>
    /// One source text, running or waiting to run. It is the stream of its events, once: each step waits for the next, of
    /// <c>foreach</c> on the thread, of <c>await foreach</c> on none.
    /// </summary>
    public sealed partial class Execution : Owner, IEnumerable<Event>, IAsyncEnumerable<Event>
    {
        private readonly CancellationToken cancellation;
        private readonly CancellationTokenRegistration registration;
        private readonly Readiness readiness = new Readiness();

        internal Execution(IntPtr token, CancellationToken cancellation) : base(token, Native.capsule_execution_release)
        {
            this.cancellation = cancellation;
            registration = cancellation.Register(CancelQuietly);
        }

        /// <summary>The next event; null when there is none any more. Waits for it, by default as long as it takes.</summary>
        public Event Next(TimeSpan? time = null)
        {
            var status = TryNext(Milliseconds(time), out var found);
            return status == Status.Timeout ? throw new CapsuleTimeoutException("no event came in time") : found;
        }

        /// <summary>The same without holding up a thread; the token ends the wait, not the execution.</summary>
        public async ValueTask<Event> NextAsync(CancellationToken waiting = default)
        {
            for (;;)
            {
                waiting.ThrowIfCancellationRequested();
                // mcs has no `out var` in an async method.
                Event found;
                if (TryNext(0, out found) != Status.Timeout) return found;
                await readiness.Wait(() => Fd, waiting).ConfigureAwait(false);
            }
        }

        /// <inheritdoc/>
        public IEnumerator<Event> GetEnumerator()
        {
            for (var next = Next(); next != null; next = Next()) yield return next;
        }

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

        /// <inheritdoc/>
        public IAsyncEnumerator<Event> GetAsyncEnumerator(CancellationToken waiting = default) => new Walk<Event>(() => NextAsync(waiting));

        /// <summary>Takes what is left up to the terminal event, behind which late output may come; input is declined.</summary>
        public Result Finish()
        {
            var result = Finish(Token, cancellation);
            GC.KeepAlive(this);
            return result;
        }

        /// <summary>The same of what has no owner. That it has started is no news here, and not worth a record.</summary>
        internal static unsafe Result Finish(IntPtr token, CancellationToken cancellation)
        {
            var result = new Result();
            var error = Errors.New();
            var raw = new capsule_event { struct_size = (uint)sizeof(capsule_event) };
            try
            {
                while (result.End == null)
                {
                    var status = Native.capsule_execution_next(token, -1, &raw, &error);
                    if (status == Status.End) break;
                    Errors.Check(status, &error);
                    if (raw.kind == (int)EventKind.Started) continue;
                    result.Add(new Event(&raw));
                    if (raw.kind == (int)EventKind.Input) Native.capsule_execution_decline(token, raw.input_id, null);
                }
            }
            finally
            {
                Native.capsule_event_release(&raw);
            }
            return Ended(result, cancellation);
        }

        /// <summary>The same without holding up a thread.</summary>
        public async Task<Result> FinishAsync()
        {
            var result = new Result();
            for (Event found; result.End == null && (found = await NextAsync().ConfigureAwait(false)) != null;) Take(result, found);
            return Ended(result, cancellation);
        }

        internal async Task<Result> FinishAndDisposeAsync()
        {
            using (this)
            {
                return await FinishAsync().ConfigureAwait(false);
            }
        }

        /// <summary>Gives the handle back. The code goes on, its output dropped.</summary>
        public override void Dispose()
        {
            registration.Dispose();
            readiness.End(base.Dispose);
        }

        private void Take(Result result, Event found)
        {
            result.Add(found);
            if (found.Kind == EventKind.Input) DeclineQuietly(found.InputId);
        }

        private static Result Ended(Result result, CancellationToken cancellation)
        {
            if (result.End == null) throw new InvalidOperationException("its terminal event was taken before");
            if (result.End.Outcome == Outcome.Canceled) cancellation.ThrowIfCancellationRequested();
            return result;
        }
    }

    /// <summary>What an execution printed, and how it ended.</summary>
    public sealed class Result
    {
        // Most print nothing.
        private StringBuilder output, stdout, stderr;

        /// <summary>The terminal event.</summary>
        public Event End { get; private set; }

        /// <summary>Whether it ran to its end.</summary>
        public bool Ok => End.Outcome == Outcome.Ok;

        /// <summary>What was printed on both streams, in order.</summary>
        public string Output => output?.ToString() ?? "";

        /// <summary>What was printed on stdout.</summary>
        public string Stdout => stdout?.ToString() ?? "";

        /// <summary>What was printed on stderr.</summary>
        public string Stderr => stderr?.ToString() ?? "";

        internal void Add(Event found)
        {
            if (found.Outcome != 0) End = found;
            if (found.Kind != EventKind.Output) return;
            Append(ref output, found.Text);
            if (found.Stream == Stream.Stdout) Append(ref stdout, found.Text);
            else Append(ref stderr, found.Text);
        }

        private static void Append(ref StringBuilder all, string text) => (all = all ?? new StringBuilder()).Append(text);
    }

    public sealed partial class Event
    {
        /// <summary>Of output: <see cref="Data"/> as text; an event ends between two characters.</summary>
        public string Text => Data == null ? null : Encoding.UTF8.GetString(Data);
    }
}
