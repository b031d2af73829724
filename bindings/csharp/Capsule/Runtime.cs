using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Threading.Tasks;
using Capsule.Raw;

namespace Capsule
{
    /// <summary>One loop thread, and the processes that it looks after.</summary>
    public sealed unsafe class Runtime : Owner
    {
        /// <summary>Creates one; no process is started before the first session.</summary>
        public Runtime(RuntimeOptions options = null) : base(Create(options), Release)
        {
        }

        /// <summary>What it has counted.</summary>
        public RuntimeInfo Info => Told.capsule_runtime_get_info(this);

        /// <summary>What it counted over all its sessions, those included that are gone.</summary>
        public RuntimeMetrics Metrics => Told.capsule_runtime_get_metrics(this);

        /// <summary>All its metrics in Prometheus' text format, version 0.0.4.</summary>
        public string Prometheus => Told.capsule_runtime_get_prometheus(this).Text;

        /// <summary>What its audit trail has counted, and the head, which is for <see cref="VerifyAudit"/>.</summary>
        public AuditInfo AuditInfo => Told.capsule_runtime_get_audit_info(this);

        /// <summary>Opens a session; with WaitReady of its options, waits until it can run code.</summary>
        public Session Open(SessionOptions options = null)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                IntPtr token;
                var raw = options == null ? null : options.Write(arena);
                Check(Native.capsule_session_open(Token, raw, &token, &error), &error);
                return new Session(token);
            }
        }

        /// <summary>The same without holding up the thread.</summary>
        public Task<Session> OpenAsync(SessionOptions options = null) => Task.Run(() => Open(options));

        /// <summary>Opens a pool of sessions.</summary>
        public Pool OpenPool(PoolOptions options = null) => new Pool(this, options);

        /// <summary>Opens a bridge: what the Python code may call of this program.</summary>
        public Bridge OpenBridge(BridgeOptions options = null) => new Bridge(this, options);

        /// <summary>Opens a store of promises.</summary>
        public PromiseStore OpenStore(PromiseStoreOptions options = null) => new PromiseStore(this, options);

        /// <summary>Starts an exporter to a file; a Kind and a Path have to be given.</summary>
        public Exporter OpenExporter(ExporterOptions options) => new Exporter(this, options);

        /// <summary>Gives it another audit trail: a new chain, in the ring and in the file, where there is one; null for the defaults.</summary>
        public void SetAudit(AuditOptions options)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                var raw = options == null ? null : options.Write(arena);
                Check(Native.capsule_runtime_set_audit(Token, raw, &error), &error);
            }
        }

        /// <summary>The records in the ring, the oldest first; those behind a Sequence, for who follows.</summary>
        public IReadOnlyList<AuditRecord> ListAudit(ulong afterSequence = 0) =>
            Told.capsule_runtime_list_audit(this, afterSequence).Records;

        /// <summary>Checks the records in a file, or in bytes: the verdict is no error, of what is broken too. Needs no runtime.</summary>
        public static AuditReport VerifyAudit(AuditCheck check)
        {
            Library.Load();
            return VerifyLoaded(check);
        }

        /// <summary>Sets what may be seen of it, from the next look on; null for the defaults: counts, and names of nothing.</summary>
        public void SetIntrospectionPolicy(IntrospectionPolicy policy)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                var raw = policy == null ? null : policy.Write(arena);
                Check(Native.capsule_runtime_set_introspection_policy(Token, raw, &error), &error);
            }
        }

        /// <summary>Ends every session, worker and zygote; executions have that long to end. May be repeated.</summary>
        public void Close(TimeSpan time = default)
        {
            var error = Errors.New();
            Check(Native.capsule_runtime_close(Token, Milliseconds(time), &error), &error);
        }

        private static void Release(IntPtr token) => Native.capsule_runtime_release(token);

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static AuditReport VerifyLoaded(AuditCheck check)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                var raw = new capsule_audit_report { struct_size = (uint)sizeof(capsule_audit_report) };
                Errors.Check(Native.capsule_audit_verify(check.Write(arena), &raw, &error), &error);
                return new AuditReport(&raw);
            }
        }

        private static IntPtr Create(RuntimeOptions options)
        {
            Library.Load();
            return CreateLoaded(options);
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static IntPtr CreateLoaded(RuntimeOptions options)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                IntPtr token;
                var raw = (options ?? new RuntimeOptions()).Write(arena);
                if (string.IsNullOrEmpty(options?.WorkerDir)) raw->worker_dir = arena.Text(Library.WorkerDir);
                Errors.Check(Native.capsule_runtime_create(raw, &token, &error), &error);
                return token;
            }
        }
    }
}
