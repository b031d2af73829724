using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Capsule.Raw;

namespace Capsule
{
    /// <summary>Named answers that come once: in memory, in a file, or of a Resonate server.</summary>
    public sealed unsafe class PromiseStore : Owner
    {
        private readonly Readiness readiness = new Readiness();

        internal PromiseStore(Runtime runtime, PromiseStoreOptions options)
            : base(Open(runtime, options), Native.capsule_promise_store_release)
        {
        }

        /// <summary>What it has counted.</summary>
        public PromiseMetrics Metrics => Told.capsule_promise_store_get_metrics(this);

        /// <summary>Creates a promise, or finds the one that there is.</summary>
        public Promise Create(PromiseWish wish)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                var raw = New();
                Check(Native.capsule_promise_create(Token, wish.Write(arena), &raw, &error), &error);
                return Taken(&raw);
            }
        }

        /// <summary>Settles it, once: what it is now, whoever settled it.</summary>
        public Promise Settle(string id, PromiseState state, byte[] value)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                var raw = New();
                Check(Native.capsule_promise_settle(Token, arena.Text(id), (int)state, arena.Text(value), &raw, &error), &error);
                return Taken(&raw);
            }
        }

        /// <summary>It has a value.</summary>
        public Promise Resolve(string id, byte[] value = null) => Settle(id, PromiseState.Resolved, value);

        /// <summary>It failed.</summary>
        public Promise Reject(string id, byte[] value = null) => Settle(id, PromiseState.Rejected, value);

        /// <summary>It is given up.</summary>
        public Promise Cancel(string id, byte[] value = null) => Settle(id, PromiseState.Canceled, value);

        /// <summary>Reads it.</summary>
        public Promise Get(string id)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                var raw = New();
                Check(Native.capsule_promise_get(Token, arena.Text(id), &raw, &error), &error);
                return Taken(&raw);
            }
        }

        /// <summary>Waits until it is settled.</summary>
        public Promise Wait(string id, TimeSpan? time = null)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                var raw = New();
                Check(Native.capsule_promise_wait(Token, arena.Text(id), Milliseconds(time), &raw, &error), &error);
                return Taken(&raw);
            }
        }

        /// <summary>Wants <see cref="NextSettled"/> to tell of it, once.</summary>
        public void Watch(string id)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                Check(Native.capsule_promise_watch(Token, arena.Text(id), &error), &error);
            }
        }

        /// <summary>The next promise that was watched and is settled. Waits for it, by default as long as it takes.</summary>
        public Promise NextSettled(TimeSpan? time = null)
        {
            var error = Errors.New();
            var raw = New();
            Check(Native.capsule_promise_next(Token, Milliseconds(time), &raw, &error), &error);
            return Taken(&raw);
        }

        /// <summary>The same without holding up a thread; the token ends the wait.</summary>
        public Task<Promise> NextSettledAsync(CancellationToken waiting = default) =>
            readiness.Take<Promise>(TryNextSettled, () => Fd, waiting);

        /// <summary>Readable while <see cref="NextSettled"/> has something. The store's: never read, never closed.</summary>
        public int Fd
        {
            get
            {
                var error = Errors.New();
                int fd;
                Check(Native.capsule_promise_store_get_fd(Token, &fd, &error), &error);
                return fd;
            }
        }

        /// <summary>Forgets one that is settled.</summary>
        public void Forget(string id)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                Check(Native.capsule_promise_forget(Token, arena.Text(id), &error), &error);
            }
        }

        /// <summary>Those that are open, those first whose time is over first.</summary>
        public IReadOnlyList<PendingPromise> Pending => Told.capsule_promise_list_pending(this);

        /// <summary>The same for others to see: as far as the policy shows them.</summary>
        public PendingSummary InspectPending(Inspection inspection = null) => Told.capsule_promise_store_inspect_pending(this, inspection);

        /// <summary>
        /// Runs a source text durably: its end settles the promise of that id. Where that is settled already there is no execution (null),
        /// and the promise has its value. The time is the promise's, by default a day; the token is the execution's.
        /// </summary>
        public (Execution execution, Promise promise) Execute(
            Session session, string source, string id, TimeSpan? time = null, ExecutionOptions options = null,
            CancellationToken cancellation = default)
        {
            cancellation.ThrowIfCancellationRequested();
            using (var arena = new Arena())
            {
                var error = Errors.New();
                var raw = New();
                IntPtr token;
                var text = arena.Text(source ?? throw new ArgumentNullException(nameof(source)));
                var durable = new DurableOptions { Store = this, PromiseId = id };
                if (time != null) durable.TimeoutMs = Milliseconds(time);
                var given = options == null ? null : options.Write(arena);
                Check(
                    Native.capsule_session_execute_durable(
                        session.Token, text.data, text.size, given, durable.Write(arena), &token, &raw, &error),
                    &error);
                GC.KeepAlive(session);
                return (token == IntPtr.Zero ? null : new Execution(token, cancellation), Taken(&raw));
            }
        }

        /// <summary>Closes it: who waits gets a status; promises stay where they are kept. Waits for the file.</summary>
        public void Close()
        {
            var error = Errors.New();
            Check(Native.capsule_promise_store_close(Token, &error), &error);
        }

        /// <inheritdoc/>
        public override void Dispose() => readiness.End(base.Dispose);

        private bool TryNextSettled(out Promise found)
        {
            var error = Errors.New();
            var raw = New();
            var status = Native.capsule_promise_next(Token, 0, &raw, &error);
            found = null;
            if (status == Status.Timeout) return false;
            Check(status, &error);
            found = Taken(&raw);
            return true;
        }

        private static capsule_promise New() => new capsule_promise { struct_size = (uint)sizeof(capsule_promise) };

        private static Promise Taken(capsule_promise* raw)
        {
            try
            {
                return new Promise(raw);
            }
            finally
            {
                Native.capsule_promise_release(raw);
            }
        }

        private static IntPtr Open(Runtime runtime, PromiseStoreOptions options)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                IntPtr token;
                var raw = options == null ? null : options.Write(arena);
                Errors.Check(Native.capsule_promise_store_open(runtime.Token, raw, &token, &error), &error);
                GC.KeepAlive(runtime);
                return token;
            }
        }
    }
}
