using System;
using Capsule.Raw;

namespace Capsule
{
    /// <summary>Named answers that come once: in memory, in a file, or of a Resonate server.</summary>
    public sealed unsafe class PromiseStore : Owner
    {
        internal PromiseStore(Runtime runtime, PromiseStoreOptions options)
            : base(Open(runtime, options), Native.capsule_promise_store_release)
        {
        }

        /// <summary>What it has counted.</summary>
        public PromiseMetrics Metrics
        {
            get
            {
                var error = Errors.New();
                var raw = new capsule_promise_metrics { struct_size = (uint)sizeof(capsule_promise_metrics) };
                Check(Native.capsule_promise_store_get_metrics(Token, &raw, &error), &error);
                return new PromiseMetrics(&raw);
            }
        }

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
