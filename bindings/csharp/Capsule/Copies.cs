using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using Capsule.Raw;

namespace Capsule
{
    /// <summary>A frozen copy of a session, to go back to or to branch from.</summary>
    public sealed unsafe class Snapshot : Owner
    {
        internal Snapshot(IntPtr token) : base(token, Native.capsule_snapshot_release)
        {
        }

        /// <summary>What is known of it.</summary>
        public SnapshotInfo Info => Told.capsule_snapshot_get_info(this);

        /// <summary>Opens a session that begins as the snapshot is.</summary>
        public Session Branch(TimeSpan? time = null)
        {
            var error = Errors.New();
            IntPtr token;
            Check(Native.capsule_snapshot_branch(Token, Milliseconds(time), &token, &error), &error);
            return new Session(token);
        }
    }

    /// <summary>The names of a session as portable bytes. It needs neither session nor runtime.</summary>
    public sealed unsafe class Checkpoint : Owner
    {
        internal Checkpoint(IntPtr token) : base(token, Native.capsule_checkpoint_release)
        {
        }

        /// <summary>Reads one from bytes, and checks it; nothing of it is run. With the key it was signed with it can be restored.</summary>
        public static Checkpoint Read(byte[] data, CheckpointOptions options = null)
        {
            Library.Load();
            return ReadLoaded(data, options);
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static Checkpoint ReadLoaded(byte[] data, CheckpointOptions options)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                var text = arena.Text(data);
                IntPtr token;
                var raw = options == null ? null : options.Write(arena);
                Errors.Check(Native.capsule_checkpoint_read(text.data, text.size, raw, &token, &error), &error);
                return new Checkpoint(token);
            }
        }

        /// <summary>The same from a file.</summary>
        public static Checkpoint ReadFile(string path, CheckpointOptions options = null)
        {
            Library.Load();
            return ReadFileLoaded(path, options);
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static Checkpoint ReadFileLoaded(string path, CheckpointOptions options)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                var text = arena.Text(path);
                IntPtr token;
                var raw = options == null ? null : options.Write(arena);
                Errors.Check(Native.capsule_checkpoint_read_file(text.data, text.size, raw, &token, &error), &error);
                return new Checkpoint(token);
            }
        }

        /// <summary>Writes it to a file that only the owner can read, whole or not at all.</summary>
        public void WriteFile(string path)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                var text = arena.Text(path);
                Check(Native.capsule_checkpoint_write_file(Token, text.data, text.size, &error), &error);
            }
        }

        /// <summary>The bytes: compressed, and signed where its options had a key.</summary>
        public byte[] ToBytes() => Lent(() =>
        {
            var error = Errors.New();
            void* data;
            UIntPtr size;
            Check(Native.capsule_checkpoint_get_data(Token, &data, &size, &error), &error);
            return Texts.Bytes(data, (ulong)size);
        });

        /// <summary>What it says of itself.</summary>
        public CheckpointInfo Info => Told.capsule_checkpoint_get_info(this);

        /// <summary>Its names, and those that were left out.</summary>
        public IReadOnlyList<CheckpointEntry> Entries => Told.capsule_checkpoint_list(this).Entries;
    }
}
