using System;
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
        public RuntimeInfo Info
        {
            get
            {
                var error = Errors.New();
                var raw = new capsule_runtime_info { struct_size = (uint)sizeof(capsule_runtime_info) };
                Check(Native.capsule_runtime_get_info(Token, &raw, &error), &error);
                return new RuntimeInfo(&raw);
            }
        }

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
