using System;
using Capsule.Raw;

namespace Capsule
{
    /// <summary>
    /// Writes what a runtime's sessions do to a file, as it becomes complete. What cannot keep up loses events, which <see cref="Info"/>
    /// counts, and holds no execution up. Disposing of it drops what is queued: <see cref="Close"/> writes it.
    /// </summary>
    public sealed unsafe class Exporter : Owner
    {
        internal Exporter(Runtime runtime, ExporterOptions options) : base(Create(runtime, options), Native.capsule_exporter_release)
        {
        }

        /// <summary>What it did, also when it is closed.</summary>
        public ExporterInfo Info => Told.capsule_exporter_get_info(this);

        /// <summary>Waits until all that is queued now is written, failed or dropped.</summary>
        public void Flush(TimeSpan time)
        {
            var error = Errors.New();
            Check(Native.capsule_exporter_flush(Token, Milliseconds(time), &error), &error);
        }

        /// <summary>Ends it: what is queued is written for that long, the rest dropped. May be repeated.</summary>
        public void Close(TimeSpan time)
        {
            var error = Errors.New();
            Check(Native.capsule_exporter_close(Token, Milliseconds(time), &error), &error);
        }

        private static IntPtr Create(Runtime runtime, ExporterOptions options)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                IntPtr token;
                Errors.Check(Native.capsule_exporter_create(runtime.Token, options.Write(arena), &token, &error), &error);
                GC.KeepAlive(runtime);
                return token;
            }
        }
    }
}
