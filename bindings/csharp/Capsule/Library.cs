using System;
using System.IO;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Capsule.Raw;

namespace Capsule
{
    /// <summary>The loaded libcapsule.</summary>
    public static unsafe class Library
    {
        private static readonly object Gate = new object();
        private static bool loaded;

        /// <summary>Version of the loaded library, as <c>0.1.0</c>.</summary>
        public static string Version
        {
            get
            {
                Load();
                return ReadVersion();
            }
        }

        /// <summary>
        /// Finds the library: what CAPSULE_LIBRARY names, the package's <c>runtimes/RID/native</c> beside this assembly, else as the
        /// loader does. Throws <see cref="LibraryException"/> where there is none, or an older one.
        /// </summary>
        public static void Load()
        {
            lock (Gate)
            {
                if (loaded) return;
                Preload();
                Check();
                loaded = true;
            }
        }

        /// <summary>
        /// A program published for one kind of machine has the package's files beside it without their folders, so also the workers:
        /// this folder then; else null, which is the library's own choice.
        /// </summary>
        internal static string WorkerDir
        {
            get
            {
                var folder = AppContext.BaseDirectory;
                var flat = File.Exists(Path.Combine(folder, Name)) && File.Exists(Path.Combine(folder, "_capsule_worker.abi3.so"));
                return flat && !Named("CAPSULE_LIBRARY") && !Named("CAPSULE_WORKER_DIR") ? folder : null;
            }
        }

        private const string Name = "libcapsule.so.0";

        private static bool Named(string variable) => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(variable));

        // The runtime looks for a function's library when it compiles its caller: by then it has to be loaded.
        [MethodImpl(MethodImplOptions.NoInlining)]
        private static string ReadVersion() => Texts.String(Native.capsule_version());

        // What is loaded under its soname is what the declarations of Native find.
        private static void Preload()
        {
            var packaged = Path.Combine(AppContext.BaseDirectory, "runtimes", Rid, "native", Name);
            var path = Named("CAPSULE_LIBRARY") ? Environment.GetEnvironmentVariable("CAPSULE_LIBRARY") : File.Exists(packaged) ? packaged : null;
            if (path == null) return;
            // Once before, so that what the runtime does to find this function does not come between.
            dlerror();
            if (dlopen(path, RtldNow) != IntPtr.Zero) return;
            var why = File.Exists(path) ? Marshal.PtrToStringAnsi(dlerror()) ?? "it cannot be loaded" : "there is no such file";
            throw new LibraryException($"{path}: {why}; this binding is of version {Native.Version}");
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static void Check()
        {
            uint found;
            try
            {
                found = ReadNumber();
            }
            catch (Exception error) when (error is DllNotFoundException || error is EntryPointNotFoundException)
            {
                throw new LibraryException(
                    $"libcapsule.so.0 was not found, or is none; this binding is of version {Native.Version}. " +
                    "Install libcapsule, or name the file in CAPSULE_LIBRARY. " + error.Message);
            }
            if (found < Number(Native.Version) || found / 1000000 != Number(Native.Version) / 1000000)
            {
                throw new LibraryException(
                    $"libcapsule is of version {ReadVersion()}; this binding is of version {Native.Version}");
            }
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static uint ReadNumber() => Native.capsule_version_number();

        private static uint Number(string version)
        {
            var parts = version.Split('.');
            return uint.Parse(parts[0]) * 1000000 + uint.Parse(parts[1]) * 1000 + uint.Parse(parts[2]);
        }

        private static string Rid =>
            RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "linux-arm64" : "linux-x64";

        // Locally: what the library links is not there for what is loaded afterwards.
        private const int RtldNow = 2;

        [DllImport("libdl.so.2")]
        private static extern IntPtr dlopen([MarshalAs(UnmanagedType.LPStr)] string path, int flags);

        [DllImport("libdl.so.2")]
        private static extern IntPtr dlerror();
    }
}
