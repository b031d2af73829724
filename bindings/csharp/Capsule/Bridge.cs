using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Capsule.Raw;

namespace Capsule
{
    /// <summary>A failure that the Python code gets as an exception of that type and message.</summary>
    public sealed class HostException : Exception
    {
        /// <summary>A built-in subclass of Exception by its name; any other is raised as <c>host.Error</c>.</summary>
        public HostException(string type, string message) : base(message)
        {
            Type = type;
        }

        /// <summary>Name of the exception in Python.</summary>
        public string Type { get; }
    }

    /// <summary>What the Python code may call of this program, as <c>host.NAME(…)</c>.</summary>
    public sealed unsafe class Bridge : Owner
    {
        private readonly Readiness readiness = new Readiness();

        private const int MaxType = 255, MaxMessage = 32 << 10;

        internal Bridge(Runtime runtime, BridgeOptions options) : base(Create(runtime, options), Native.capsule_bridge_release)
        {
        }

        /// <summary>What it has counted.</summary>
        public BridgeMetrics Metrics => Told.capsule_bridge_get_metrics(this);

        /// <summary>What became of the calls of each capability that was called, by name.</summary>
        public IReadOnlyList<CapabilityMetrics> CapabilityMetrics => Told.capsule_bridge_list_capability_metrics(this);

        /// <summary>The calls that are open, the oldest first.</summary>
        public IReadOnlyList<PendingCall> Pending => Told.capsule_bridge_list_pending(this);

        /// <summary>The same for others to see: as far as the policy shows them.</summary>
        public PendingSummary InspectPending(Inspection inspection = null) => Told.capsule_bridge_inspect_pending(this, inspection);

        /// <summary>Offers a capability; calls of it come by <see cref="Next"/> or go to <see cref="Serve"/>.</summary>
        public void Register(Capability capability)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                Check(Native.capsule_bridge_register(Token, capability.Write(arena), &error), &error);
            }
        }

        /// <summary>Takes a capability away; calls of it that are open stay open.</summary>
        public void Unregister(string name)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                var text = arena.Text(name);
                Check(Native.capsule_bridge_unregister(Token, text.data, text.size, &error), &error);
            }
        }

        /// <summary>The next request; null once the bridge is closed or disposed of.</summary>
        public Request Next(TimeSpan? time = null)
        {
            var error = Errors.New();
            var status = Take(Milliseconds(time), out var request, &error);
            if (status != Status.Closed) Check(status, &error);
            return request;
        }

        /// <summary>The same without holding up a thread; the token ends the wait.</summary>
        public Task<Request> NextAsync(CancellationToken waiting = default) => readiness.Take<Request>(TryNext, () => Fd, waiting);

        /// <summary>Readable while <see cref="Next"/> has something, and once it is closed. The bridge's: never read, never closed.</summary>
        public int Fd
        {
            get
            {
                var error = Errors.New();
                int fd;
                Check(Native.capsule_bridge_get_fd(Token, &fd, &error), &error);
                return fd;
            }
        }

        private bool TryNext(out Request request)
        {
            var error = Errors.New();
            var status = Take(0, out request, &error);
            if (status == Status.Timeout) return false;
            if (status != Status.Closed) Check(status, &error);
            return true;
        }

        // Of one that is disposed of it is CLOSED as well.
        private Status Take(long timeoutMs, out Request request, capsule_error* error)
        {
            var raw = new capsule_request { struct_size = (uint)sizeof(capsule_request) };
            var status = Native.capsule_bridge_next_request(Token, timeoutMs, &raw, error);
            request = null;
            if (status == Status.Handle) return Status.Closed;
            if (status != Status.Ok) return status;
            try
            {
                request = new Request(&raw);
                return status;
            }
            finally
            {
                Native.capsule_request_release(&raw);
            }
        }

        /// <summary>Answers a call; with null the end of a stream.</summary>
        public void Respond(ulong requestId, Value value)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                var raw = value == null ? null : value.Write(arena);
                Check(Native.capsule_bridge_respond(Token, requestId, raw, &error), &error);
            }
        }

        /// <summary>Tells those who look at traces and pending calls how far the host has come with one; a total of 0 is not known.</summary>
        public void ReportProgress(ulong requestId, ulong done, ulong total = 0)
        {
            var error = Errors.New();
            Check(Native.capsule_bridge_report_progress(Token, requestId, done, total, &error), &error);
        }

        /// <summary>Sends a piece of the answer to a call of a stream; waits for room.</summary>
        public void SendChunk(ulong requestId, Value value, TimeSpan? time = null)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                var raw = value.Write(arena);
                Check(Native.capsule_bridge_send_chunk(Token, requestId, raw, Milliseconds(time), &error), &error);
            }
        }

        /// <summary>The next piece of a call of an upload; null behind the last.</summary>
        public Value NextChunk(ulong requestId, TimeSpan? time = null)
        {
            var error = Errors.New();
            var raw = new capsule_value { struct_size = (uint)sizeof(capsule_value) };
            var status = Native.capsule_bridge_next_chunk(Token, requestId, Milliseconds(time), &raw, &error);
            if (status == Status.End) return null;
            Check(status, &error);
            return Value.Taken(&raw);
        }

        /// <summary>Answers a call with an exception.</summary>
        public void Fail(ulong requestId, string type, string message)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                Check(Native.capsule_bridge_fail(Token, requestId, arena.Text(type), arena.Text(message), &error), &error);
            }
        }

        /// <summary>Answers a request for approval.</summary>
        public void Approve(ulong requestId, bool allowed)
        {
            var error = Errors.New();
            Check(Native.capsule_bridge_approve(Token, requestId, allowed ? 1 : 0, &error), &error);
        }

        /// <summary>
        /// Serves all calls by one function, on a thread of its own until the bridge is closed: what it returns is the answer, what it
        /// throws the exception that Python gets. <paramref name="approve"/> is asked where a rule says so; null denies.
        /// </summary>
        public Thread Serve(Func<Request, Value> function, Func<Request, bool> approve = null)
        {
            var thread = new Thread(() =>
            {
                try
                {
                    for (var request = Next(); request != null; request = Next()) ServeOne(request, function, approve);
                }
                catch (Exception)
                {
                    // It would end the process. Without a thread that serves it, the bridge is as good as closed.
                    Native.capsule_bridge_close(Token, null);
                }
            }) { IsBackground = true, Name = "capsule-bridge" };
            thread.Start();
            return thread;
        }

        /// <summary>Ends every open call: in Python CancelledError.</summary>
        public void CancelAll()
        {
            var error = Errors.New();
            Check(Native.capsule_bridge_cancel_all(Token, &error), &error);
        }

        /// <inheritdoc/>
        public override void Dispose() => readiness.End(base.Dispose);

        /// <summary>Ends it: calls that are open get a ConnectionError. May be repeated.</summary>
        public void Close()
        {
            var error = Errors.New();
            Check(Native.capsule_bridge_close(Token, &error), &error);
        }

        // Nobody may wait for the answer any more, or the bridge may be closed meanwhile: that is no failure here.
        private void ServeOne(Request request, Func<Request, Value> function, Func<Request, bool> approve)
        {
            try
            {
                if (request.Kind == RequestKind.Approval) Approve(request.RequestId, approve != null && approve(request));
                else if (request.Kind == RequestKind.Call) Respond(request.RequestId, function(request));
            }
            catch (Exception error)
            {
                if (request.Kind == RequestKind.Approval) Native.capsule_bridge_approve(Token, request.RequestId, 0, null);
                else FailWith(request.RequestId, error);
            }
        }

        private void FailWith(ulong requestId, Exception error)
        {
            using (var arena = new Arena())
            {
                var type = arena.Lossy((error as HostException)?.Type ?? "RuntimeError", MaxType);
                Native.capsule_bridge_fail(Token, requestId, type, arena.Lossy(MessageOf(error), MaxMessage), null);
            }
        }

        private static string MessageOf(Exception error)
        {
            try
            {
                return error.Message;
            }
            catch (Exception worse)
            {
                return $"its message cannot be told: {worse.GetType().Name}";
            }
        }

        private static IntPtr Create(Runtime runtime, BridgeOptions options)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                IntPtr token;
                var raw = options == null ? null : options.Write(arena);
                Errors.Check(Native.capsule_bridge_create(runtime.Token, raw, &token, &error), &error);
                GC.KeepAlive(runtime);
                return token;
            }
        }
    }
}
