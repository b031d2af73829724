using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Capsule.Raw;

namespace Capsule
{
    /// <summary>Sessions kept ready. Disposing a session that was acquired gives it back.</summary>
    public sealed unsafe class Pool : Owner
    {
        internal Pool(Runtime runtime, PoolOptions options) : base(Create(runtime, options), Native.capsule_pool_release)
        {
        }

        /// <summary>Its configuration and status.</summary>
        public PoolInfo Info => Told.capsule_pool_get_info(this);

        /// <summary>What it has counted.</summary>
        public PoolMetrics Metrics => Told.capsule_pool_get_metrics(this);

        /// <summary>Its sessions.</summary>
        public IReadOnlyList<PoolSession> Sessions => Told.capsule_pool_list_sessions(this).Sessions;

        /// <summary>What became of its imports at the last warm-up.</summary>
        public IReadOnlyList<PoolImport> Imports => Told.capsule_pool_list_imports(this).Imports;

        /// <summary>Its state and its sessions for others to see, as far as the policy shows them; LastError is told at the level Full alone.</summary>
        public (PoolInfo info, PoolSummary summary) Inspect(Inspection inspection = null)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                var look = inspection == null ? null : inspection.Write(arena);
                var info = new capsule_pool_info { struct_size = (uint)sizeof(capsule_pool_info) };
                var summary = new capsule_pool_summary { struct_size = (uint)sizeof(capsule_pool_summary) };
                Check(Native.capsule_pool_inspect(Token, look, &info, &summary, &error), &error);
                try
                {
                    return (new PoolInfo(&info), new PoolSummary(&summary));
                }
                finally
                {
                    Native.capsule_pool_summary_release(&summary);
                }
            }
        }

        /// <summary>The events of its own trace, or those that fit the filter.</summary>
        public IReadOnlyList<TraceEvent> Trace(TraceFilter filter = null)
        {
            var found = Traces.Read(Token, Native.capsule_pool_get_trace, filter);
            GC.KeepAlive(this);
            return found;
        }

        /// <summary>An idle session at once, else the next one in its turn.</summary>
        public Session Acquire(AcquireOptions options = null)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                IntPtr token;
                var raw = options == null ? null : options.Write(arena);
                Check(Native.capsule_pool_acquire(Token, raw, &token, &error), &error);
                return new Session(token, GiveBack);
            }
        }

        /// <summary>The same without holding up a thread; the token gives its place in the line up.</summary>
        public Task<Session> AcquireAsync(AcquireOptions options = null, CancellationToken waiting = default)
        {
            Acquisition acquisition;
            try
            {
                waiting.ThrowIfCancellationRequested();
                acquisition = Begin(options);
            }
            catch (Exception error)
            {
                return Ending.Before<Session>(error, waiting);
            }
            return Ending.Of(acquisition, acquisition.Take(waiting));
        }

        private Acquisition Begin(AcquireOptions options)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                IntPtr token;
                var raw = options == null ? null : options.Write(arena);
                Check(Native.capsule_pool_acquire_async(Token, raw, &token, &error), &error);
                return new Acquisition(token, GiveBack);
            }
        }

        /// <summary>Waits until its sessions were made, or throws why they cannot be.</summary>
        public void WaitReady(TimeSpan? time = null)
        {
            var error = Errors.New();
            Check(Native.capsule_pool_wait_ready(Token, Milliseconds(time), &error), &error);
        }

        /// <summary>Ends it; sessions that are acquired may be given back for that long. May be repeated.</summary>
        public void Close(TimeSpan time = default)
        {
            var error = Errors.New();
            Check(Native.capsule_pool_close(Token, Milliseconds(time), &error), &error);
        }

        // A closed pool does not take it back: then it is only released.
        private void GiveBack(IntPtr session)
        {
            if (Native.capsule_pool_give_back(Token, session, null) != Status.Ok) Native.capsule_session_release(session);
        }

        private static IntPtr Create(Runtime runtime, PoolOptions options)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                IntPtr token;
                var raw = options == null ? null : options.Write(arena);
                Errors.Check(Native.capsule_pool_create(runtime.Token, raw, &token, &error), &error);
                GC.KeepAlive(runtime);
                return token;
            }
        }
    }
}
