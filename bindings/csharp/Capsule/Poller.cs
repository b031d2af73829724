using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;

namespace Capsule
{
    /// <summary>
    /// One thread that waits for all descriptors: no thread a session, and no call into managed code from a thread of the library, which
    /// blocks the signals by which a runtime may stop its threads.
    /// </summary>
    internal static unsafe class Poller
    {
        private const int Add = 1, Delete = 2, Modify = 3, Batch = 64;
        private const uint In = 1, OneShot = 1u << 30;
        private const int CloseOnExec = 0x80000, Exists = 17, Interrupted = 4;

        private static readonly object Gate = new object();
        private static readonly Dictionary<ulong, TaskCompletionSource<bool>> Waiting = new Dictionary<ulong, TaskCompletionSource<bool>>();
        private static int epoll = -1;
        private static ulong last;

        // The kernel's struct is packed on x86-64 alone: 32 bits of events, 64 of ours.
        private static readonly int EntrySize = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;

        /// <summary>Completes when the descriptor is readable, or forgotten. One wait a descriptor.</summary>
        internal static Task Readable(int fd)
        {
            var done = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (Gate)
            {
                Start();
                Waiting[++last] = done;
                if (Control(Add, fd, last) != 0 && (Marshal.GetLastWin32Error() != Exists || Control(Modify, fd, last) != 0))
                {
                    Waiting.Remove(last);
                    throw new InvalidOperationException($"epoll_ctl failed with errno {Marshal.GetLastWin32Error()}");
                }
            }
            return done.Task;
        }

        /// <summary>The descriptor is about to be closed: who waits for it is woken.</summary>
        internal static void Forget(int fd, Task wait)
        {
            lock (Gate)
            {
                if (epoll < 0) return;
                Control(Delete, fd, 0);
                foreach (var pair in Waiting)
                {
                    if (pair.Value.Task != wait) continue;
                    Waiting.Remove(pair.Key);
                    pair.Value.TrySetResult(false);
                    return;
                }
            }
        }

        private static void Start()
        {
            if (epoll >= 0) return;
            epoll = epoll_create1(CloseOnExec);
            if (epoll < 0) throw new InvalidOperationException($"epoll_create1 failed with errno {Marshal.GetLastWin32Error()}");
            new Thread(Loop) { IsBackground = true, Name = "capsule-poller" }.Start();
        }

        private static int Control(int operation, int fd, ulong id)
        {
            var entry = stackalloc byte[16];
            *(uint*)entry = In | OneShot;
            *(ulong*)(entry + EntrySize - 8) = id;
            return epoll_ctl(epoll, operation, fd, entry);
        }

        private static void Loop()
        {
            var entries = stackalloc byte[Batch * 16];
            for (;;)
            {
                var count = epoll_wait(epoll, entries, Batch, -1);
                if (count < 0 && Marshal.GetLastWin32Error() != Interrupted)
                {
                    Fail(new InvalidOperationException($"epoll_wait failed with errno {Marshal.GetLastWin32Error()}"));
                    return;
                }
                lock (Gate)
                {
                    for (var i = 0; i < count; ++i)
                    {
                        var id = *(ulong*)(entries + (i + 1) * EntrySize - 8);
                        if (!Waiting.TryGetValue(id, out var done)) continue;
                        Waiting.Remove(id);
                        done.TrySetResult(true);
                    }
                }
            }
        }

        // To those who wait: thrown here it would end the process. Who waits next begins anew.
        private static void Fail(Exception error)
        {
            lock (Gate)
            {
                foreach (var done in Waiting.Values) done.TrySetException(error);
                Waiting.Clear();
                epoll = -1;
            }
        }

        [DllImport("libc.so.6", SetLastError = true)]
        private static extern int epoll_create1(int flags);

        [DllImport("libc.so.6", SetLastError = true)]
        private static extern int epoll_ctl(int epoll, int operation, int fd, byte* entry);

        [DllImport("libc.so.6", SetLastError = true)]
        private static extern int epoll_wait(int epoll, byte* entries, int count, int timeout);
    }
}
