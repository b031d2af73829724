using System;
using System.Collections.Generic;
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
        public PoolInfo Info
        {
            get
            {
                var error = Errors.New();
                var raw = new capsule_pool_info { struct_size = (uint)sizeof(capsule_pool_info) };
                Check(Native.capsule_pool_get_info(Token, &raw, &error), &error);
                return new PoolInfo(&raw);
            }
        }

        /// <summary>What it has counted.</summary>
        public PoolMetrics Metrics
        {
            get
            {
                var error = Errors.New();
                var raw = new capsule_pool_metrics { struct_size = (uint)sizeof(capsule_pool_metrics) };
                Check(Native.capsule_pool_get_metrics(Token, &raw, &error), &error);
                return new PoolMetrics(&raw);
            }
        }

        /// <summary>Its sessions.</summary>
        public IReadOnlyList<PoolSession> Sessions
        {
            get
            {
                var error = Errors.New();
                var raw = new capsule_pool_sessions { struct_size = (uint)sizeof(capsule_pool_sessions) };
                Check(Native.capsule_pool_list_sessions(Token, &raw, &error), &error);
                try
                {
                    return new PoolSessions(&raw).Sessions;
                }
                finally
                {
                    Native.capsule_pool_sessions_release(&raw);
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

        /// <summary>The same without holding up the thread.</summary>
        public Task<Session> AcquireAsync(AcquireOptions options = null) => Task.Run(() => Acquire(options));

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
