using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Capsule.Raw;

namespace Capsule
{
    /// <summary>One Python process with a namespace that persists. Any thread may use it, also while another waits in it.</summary>
    public sealed unsafe partial class Session : Owner
    {
        internal Session(IntPtr token) : base(token, Native.capsule_session_release)
        {
        }

        internal Session(IntPtr token, Action<IntPtr> release) : base(token, release)
        {
        }

        /// <summary>What is known of it: one consistent snapshot.</summary>
        public SessionInfo Info => Told.capsule_session_get_info(this);

        /// <summary>
        /// Begins to run a source text, or puts it in the queue. When the token is canceled so is the execution; one that was canceled
        /// before is an OperationCanceledException, and nothing is submitted.
        /// </summary>
        public Execution Execute(string source, ExecutionOptions options = null, CancellationToken cancellation = default)
        {
            return new Execution(Submit(source, options, cancellation), cancellation);
        }

        private IntPtr Submit(string source, ExecutionOptions options, CancellationToken cancellation)
        {
            cancellation.ThrowIfCancellationRequested();
            var text = Texts.Utf8.GetBytes(source ?? throw new ArgumentNullException(nameof(source)));
            fixed (byte* bytes = text)
            {
                if (options == null) return Submit(bytes, text.Length, null);
                using (var arena = new Arena()) return Submit(bytes, text.Length, options.Write(arena));
            }
        }

        private static void CancelQuietly(object token) => Native.capsule_execution_cancel((IntPtr)token, -1, null);

        private IntPtr Submit(byte* source, int size, capsule_execution_options* options)
        {
            var error = Errors.New();
            IntPtr token;
            Check(Native.capsule_execution_create(Token, source, (UIntPtr)size, options, &token, &error), &error);
            return token;
        }

        /// <summary>Runs a source text to its end: its output and its terminal event. Input is declined.</summary>
        public Result Run(string source, ExecutionOptions options = null, CancellationToken cancellation = default)
        {
            // Nobody else has this execution: it needs no owner, which costs a fifth of the time that the binding adds.
            var token = Submit(source, options, cancellation);
            try
            {
                using (cancellation.CanBeCanceled ? cancellation.Register(CancelQuietly, token) : default)
                {
                    return Execution.Finish(token, cancellation);
                }
            }
            finally
            {
                Native.capsule_execution_release(token);
            }
        }

        /// <summary>The same without holding up a thread. Canceled by the token it is an OperationCanceledException, once it has ended.</summary>
        public Task<Result> RunAsync(string source, ExecutionOptions options = null, CancellationToken cancellation = default)
        {
            Execution execution;
            try
            {
                execution = Execute(source, options, cancellation);
            }
            catch (Exception error)
            {
                return Ending.Before<Result>(error, cancellation);
            }
            return execution.FinishAndDisposeAsync();
        }

        /// <summary>Waits until it is ready, or throws why it is not.</summary>
        public void WaitReady(TimeSpan? time = null)
        {
            var error = Errors.New();
            Check(Native.capsule_session_wait_ready(Token, Milliseconds(time), &error), &error);
        }

        /// <summary>Ends its worker, and begins anew with an empty namespace.</summary>
        public void Restart()
        {
            var error = Errors.New();
            Check(Native.capsule_session_restart(Token, &error), &error);
        }

        /// <summary>From now on what it calls of the host must be let through by these rules as well. It cannot be undone.</summary>
        public void NarrowRules(params Rule[] rules)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                var raw = Rule.Write(arena, rules, out var count);
                Check(Native.capsule_session_narrow_rules(Token, raw, count, &error), &error);
            }
        }

        /// <summary>The least severe level that is logged of it, in the place of the sink's; null for the sink's.</summary>
        public void SetLogLevel(LogLevel? level)
        {
            var error = Errors.New();
            Check(Native.capsule_session_set_log_level(Token, (int)(level ?? 0), &error), &error);
        }

        /// <summary>Ends it; executions have that long to end. May be repeated.</summary>
        public void Close(TimeSpan time = default)
        {
            var error = Errors.New();
            Check(Native.capsule_session_close(Token, Milliseconds(time), &error), &error);
        }

        /// <summary>What its executors have counted; also after a death.</summary>
        public ExecutorMetrics ExecutorMetrics => Told.capsule_session_get_executor_metrics(this);

        /// <summary>What its event loop, its caches and its classification have counted.</summary>
        public AsyncMetrics AsyncMetrics => Told.capsule_session_get_async_metrics(this);

        /// <summary>What its limiter has counted, where the options have it.</summary>
        public LimiterMetrics LimiterMetrics => Told.capsule_session_get_limiter_metrics(this);

        /// <summary>What its worker told of itself in its last heartbeat, and what was counted of heartbeats.</summary>
        public WorkerMetrics WorkerMetrics => Told.capsule_session_get_worker_metrics(this);

        /// <summary>What its last worker announced: its interpreter, what it can do, its limits, its isolation.</summary>
        public WorkerInfo WorkerInfo => Told.capsule_session_get_worker_info(this);

        /// <summary>The frames between it and its workers.</summary>
        public TransportMetrics TransportMetrics => Told.capsule_session_get_transport_metrics(this);

        /// <summary>What cancels did, where the options have EnableMetrics.</summary>
        public CancelMetrics CancelMetrics => Told.capsule_session_get_cancel_metrics(this);

        /// <summary>What its calls of the host have come to.</summary>
        public BridgeMetrics BridgeMetrics => Told.capsule_session_get_bridge_metrics(this);

        /// <summary>The events of its trace, or those that fit the filter, in the order of their numbers.</summary>
        public IReadOnlyList<TraceEvent> Trace(TraceFilter filter = null)
        {
            var found = Traces.Read(Token, Native.capsule_session_get_trace, filter);
            GC.KeepAlive(this);
            return found;
        }
    }
}
