using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Capsule.Raw;

namespace Capsule
{
    /// <summary>
    /// Shared memory that this program fills in place, to be set as a value without a copy. Sessions that hold it keep it. It may be written
    /// until it is set, and read until it is disposed of.
    /// </summary>
    public sealed unsafe class SharedBuffer : Owner
    {
        private readonly object gate = new object();
        private bool isSealed;

        private SharedBuffer(IntPtr token, void* data, long size) : base(token, Native.capsule_buffer_release)
        {
            Data = (IntPtr)data;
            Size = size;
        }

        /// <summary>A buffer of that many bytes, zeroed.</summary>
        public static SharedBuffer New(long size)
        {
            Library.Load();
            return Create(size);
        }

        /// <summary>Its memory, for code that is unsafe itself.</summary>
        public IntPtr Data { get; }

        /// <summary>Its bytes.</summary>
        public long Size { get; }

        /// <summary>Copies bytes into it, before a value is made of it.</summary>
        public void Write(long offset, byte[] bytes)
        {
            if (offset < 0 || offset > Size - bytes.Length) throw new ArgumentOutOfRangeException(nameof(offset));
            lock (gate)
            {
                if (isSealed) throw new InvalidOperationException("a buffer that a value was made of can no longer be written");
                var held = false;
                try
                {
                    Handle.DangerousAddRef(ref held); // Where it was disposed of, this throws.
                    Marshal.Copy(bytes, 0, (IntPtr)((byte*)Data + offset), bytes.Length);
                }
                finally
                {
                    if (held) Handle.DangerousRelease();
                }
            }
        }

        internal void Seal()
        {
            lock (gate) isSealed = true;
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static SharedBuffer Create(long size)
        {
            var error = Errors.New();
            IntPtr token;
            void* data;
            Errors.Check(Native.capsule_buffer_create((ulong)size, &token, &data, &error), &error);
            return new SharedBuffer(token, data, size);
        }
    }
}
