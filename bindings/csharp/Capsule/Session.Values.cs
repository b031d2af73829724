using System;
using System.Collections.Generic;
using System.Linq;
using Capsule.Raw;

namespace Capsule
{
    public sealed unsafe partial class Session
    {
        /// <summary>Binds a name of the namespace. Waits for what runs; null: as long as it takes.</summary>
        public void Set(string name, Value value, SetStrategy strategy = SetStrategy.Overwrite, TimeSpan? time = null)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                var text = arena.Text(name);
                var raw = value.Write(arena);
                Check(Native.capsule_session_set(Token, text.data, text.size, raw, (int)strategy, Milliseconds(time), &error), &error);
            }
        }

        /// <summary>Binds all of them, or none.</summary>
        public void Update(IDictionary<string, Value> values, SetStrategy strategy = SetStrategy.Overwrite, TimeSpan? time = null)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                var raw = Value.Write(arena, values, out var count);
                Check(Native.capsule_session_update(Token, raw, count, (int)strategy, Milliseconds(time), &error), &error);
            }
        }

        /// <summary>Reads what a name is bound to.</summary>
        public Value Get(string name, ValueKind kind = ValueKind.Auto, TimeSpan? time = null)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                var text = arena.Text(name);
                var raw = new capsule_value { struct_size = (uint)sizeof(capsule_value) };
                Check(Native.capsule_session_get(Token, text.data, text.size, (int)kind, Milliseconds(time), &raw, &error), &error);
                return Value.Taken(&raw);
            }
        }

        /// <summary>Unbinds a name.</summary>
        public void Delete(string name, TimeSpan? time = null)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                var text = arena.Text(name);
                Check(Native.capsule_session_delete(Token, text.data, text.size, Milliseconds(time), &error), &error);
            }
        }

        /// <summary>The names of the namespace, as many as <paramref name="limit"/> in the order they were bound.</summary>
        public IReadOnlyList<NameInfo> Names(int limit = 65536, TimeSpan? time = null) =>
            Told.capsule_session_list(this, (uint)limit, Milliseconds(time)).Names;

        /// <summary>Takes a snapshot: a frozen fork.</summary>
        public Snapshot Snapshot(TimeSpan? time = null)
        {
            var error = Errors.New();
            IntPtr token;
            Check(Native.capsule_session_snapshot(Token, Milliseconds(time), &token, &error), &error);
            return new Snapshot(token);
        }

        /// <summary>Goes back to a snapshot.</summary>
        public void Restore(Snapshot snapshot, TimeSpan? time = null)
        {
            var error = Errors.New();
            Check(Native.capsule_session_restore(Token, snapshot.Token, Milliseconds(time), &error), &error);
            GC.KeepAlive(snapshot);
        }

        /// <summary>Opens a session that knows all that this one does.</summary>
        public Session Branch(TimeSpan? time = null)
        {
            var error = Errors.New();
            IntPtr token;
            Check(Native.capsule_session_branch(Token, Milliseconds(time), &token, &error), &error);
            return new Session(token);
        }

        /// <summary>Makes a checkpoint: its names as portable bytes.</summary>
        public Checkpoint Checkpoint(CheckpointOptions options = null, TimeSpan? time = null)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                IntPtr token;
                var raw = options == null ? null : options.Write(arena);
                Check(Native.capsule_session_checkpoint(Token, raw, Milliseconds(time), &token, &error), &error);
                return new Checkpoint(token);
            }
        }

        /// <summary>Binds the names of a checkpoint; what became of each.</summary>
        public CheckpointEntries Restore(Checkpoint checkpoint, RestoreFlags flags = 0, TimeSpan? time = null)
        {
            var error = Errors.New();
            var raw = new capsule_checkpoint_entries { struct_size = (uint)sizeof(capsule_checkpoint_entries) };
            Check(Native.capsule_session_restore_checkpoint(
                Token, checkpoint.Token, (uint)flags, Milliseconds(time), &raw, &error), &error);
            GC.KeepAlive(checkpoint);
            try
            {
                return new CheckpointEntries(&raw);
            }
            finally
            {
                Native.capsule_checkpoint_entries_release(&raw);
            }
        }

        /// <summary>Has the session keep a checkpoint under the name it was given.</summary>
        public void Keep(Checkpoint checkpoint)
        {
            var error = Errors.New();
            Check(Native.capsule_session_keep_checkpoint(Token, checkpoint.Token, &error), &error);
            GC.KeepAlive(checkpoint);
        }

        /// <summary>The checkpoint that it keeps under that name.</summary>
        public Checkpoint Find(string name)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                var text = arena.Text(name);
                IntPtr token;
                Check(Native.capsule_session_find_checkpoint(Token, text.data, text.size, &token, &error), &error);
                return new Checkpoint(token);
            }
        }

        /// <summary>All that it keeps, the one kept first first.</summary>
        public IReadOnlyList<Checkpoint> Checkpoints
        {
            get
            {
                var kept = new List<Checkpoint>();
                for (;;)
                {
                    var error = Errors.New();
                    IntPtr token;
                    var status = Native.capsule_session_checkpoint_at(Token, (UIntPtr)kept.Count, &token, &error);
                    if (status == Status.Name) return kept;
                    Check(status, &error);
                    kept.Add(new Checkpoint(token));
                }
            }
        }

        /// <summary>Has it let go of the checkpoint of that name.</summary>
        public void Forget(string name)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                var text = arena.Text(name);
                Check(Native.capsule_session_forget_checkpoint(Token, text.data, text.size, &error), &error);
            }
        }
    }
}
