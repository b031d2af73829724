using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Text;
using Capsule.Raw;

namespace Capsule
{
    /// <summary>Memory that one call needs: freed together, when it is over.</summary>
    internal sealed unsafe class Arena : IDisposable
    {
        private readonly List<IntPtr> blocks = new List<IntPtr>();
        private readonly List<object> kept = new List<object>();

        /// <summary>What is none has none; who has one is not finalized before the call is over.</summary>
        internal IntPtr Token(Owner owner)
        {
            kept.Add(owner);
            return owner?.Token ?? IntPtr.Zero;
        }

        public void Dispose()
        {
            GC.KeepAlive(kept);
            foreach (var block in blocks) Marshal.FreeHGlobal(block);
            blocks.Clear();
        }

        /// <summary>Zeroed room for so many; never NULL.</summary>
        internal void* New(int entrySize, int count = 1)
        {
            var size = Math.Max(1, count) * entrySize;
            var block = Marshal.AllocHGlobal(size);
            blocks.Add(block);
            for (var i = 0; i < size; ++i) ((byte*)block)[i] = 0;
            return (void*)block;
        }

        internal capsule_text Text(string text) => text == null ? default : Text(Texts.Utf8.GetBytes(text));

        /// <summary>What the library takes of a text that may be any: of half a surrogate pair, a NUL and too much, the rest.</summary>
        internal capsule_text Lossy(string text, int size)
        {
            var bytes = Encoding.UTF8.GetBytes((text ?? "").Replace("\0", "\\0"));
            if (bytes.Length > size)
            {
                while ((bytes[size] & 0xc0) == 0x80) --size;
                Array.Resize(ref bytes, size);
            }
            return Text(bytes);
        }

        internal capsule_text Text(byte[] bytes)
        {
            if (bytes == null) return default;
            var copy = (byte*)New(sizeof(byte), bytes.Length);
            Marshal.Copy(bytes, 0, (IntPtr)copy, bytes.Length);
            return new capsule_text { data = copy, size = (UIntPtr)bytes.Length };
        }

        internal capsule_text* Strings(string[] texts, out UIntPtr count)
        {
            count = (UIntPtr)(texts?.Length ?? 0);
            var raw = (capsule_text*)New(sizeof(capsule_text), texts?.Length ?? 0);
            for (var i = 0; i < (texts?.Length ?? 0); ++i) raw[i] = Text(texts[i]);
            return raw;
        }
    }

    internal static unsafe class Texts
    {
        /// <summary>Throws on a string that has no UTF-8: half a surrogate pair.</summary>
        internal static readonly UTF8Encoding Utf8 = new UTF8Encoding(false, true);

        internal static string String(byte* text)
        {
            if (text == null) return null;
            var size = 0;
            while (text[size] != 0) ++size;
            return Encoding.UTF8.GetString(text, size);
        }

        /// <summary>Null where the text is absent.</summary>
        internal static string String(capsule_text text) =>
            text.data == null ? null : Encoding.UTF8.GetString(text.data, (int)text.size);

        internal static byte[] Bytes(capsule_text text) => Bytes(text.data, (ulong)text.size);

        internal static byte[] Bytes(void* data, ulong size)
        {
            if (data == null) return null;
            var copy = new byte[size];
            if (size > 0) Marshal.Copy((IntPtr)data, copy, 0, (int)size);
            return copy;
        }
    }
}
