using System;
using System.Collections.Generic;
using Capsule.Raw;

namespace Capsule
{
    /// <summary>A value on its way into or out of a session.</summary>
    public sealed unsafe class Value
    {
        // Kept with the value: it is there for as long as what refers to it.
        private SharedBuffer shared;

        private Value(ValueKind kind, byte[] data)
        {
            Kind = kind;
            Data = data;
        }

        internal Value(capsule_value* raw)
        {
            Kind = (ValueKind)raw->kind;
            Data = Texts.Bytes(raw->data, raw->size_bytes) ?? new byte[0];
            TypeName = Texts.String(raw->type_name);
            Format = Texts.String(raw->format);
            Shape = new long[raw->dimensions];
            for (var i = 0; i < Shape.Length; ++i) Shape[i] = raw->shape[i];
        }

        internal static Value Taken(capsule_value* raw)
        {
            try
            {
                return new Value(raw);
            }
            finally
            {
                Native.capsule_value_release(raw);
            }
        }

        /// <summary>How <see cref="Data"/> is to be read.</summary>
        public ValueKind Kind { get; }

        /// <summary>The content.</summary>
        public byte[] Data { get; }

        /// <summary>Of a value that was read: name of its type.</summary>
        public string TypeName { get; }

        /// <summary>Of a buffer: format of an item as Python's <c>struct</c> writes it; empty for bytes.</summary>
        public string Format { get; private set; }

        /// <summary>Of a buffer: lengths of its dimensions; set as null or empty: one of bytes.</summary>
        public long[] Shape { get; private set; }

        /// <summary>The content as text; of JSON, text and repr.</summary>
        public string Text => Texts.Utf8.GetString(Data);

        /// <summary>Of a JSON text.</summary>
        public static Value Json(string json) => new Value(ValueKind.Json, Texts.Utf8.GetBytes(json));

        /// <summary>A <c>str</c>.</summary>
        public static Value Of(string text) => new Value(ValueKind.Text, Texts.Utf8.GetBytes(text));

        /// <summary>A <c>bytes</c>.</summary>
        public static Value Of(byte[] bytes) => new Value(ValueKind.Bytes, bytes);

        /// <summary>A buffer, C-contiguous.</summary>
        public static Value Buffer(byte[] data, string format = null, params long[] shape) =>
            new Value(ValueKind.Buffer, data) { Format = format, Shape = shape };

        /// <summary>The memory itself, C-contiguous; without a format and a shape one of bytes. It can no longer be written then.</summary>
        public static Value Of(SharedBuffer buffer, string format = null, params long[] shape)
        {
            buffer.Seal();
            return new Value(ValueKind.Buffer, new byte[0]) { Format = format, Shape = shape, shared = buffer };
        }

        internal capsule_value* Write(Arena arena)
        {
            var raw = (capsule_value*)arena.New(sizeof(capsule_value));
            raw->struct_size = (uint)sizeof(capsule_value);
            raw->kind = (int)Kind;
            if (shared == null)
            {
                raw->data = arena.Text(Data).data;
                raw->size_bytes = (ulong)Data.Length;
            }
            else
            {
                raw->buffer = arena.Token(shared);
            }
            raw->format = arena.Text(Format);
            raw->dimensions = Shape?.Length ?? 0;
            raw->shape = (long*)arena.New(sizeof(long), raw->dimensions);
            for (var i = 0; i < raw->dimensions; ++i) raw->shape[i] = Shape[i];
            return raw;
        }

        internal static capsule_input* Write(Arena arena, IDictionary<string, Value> values, out UIntPtr count)
        {
            count = (UIntPtr)(values?.Count ?? 0);
            var raw = (capsule_input*)arena.New(sizeof(capsule_input), values?.Count ?? 0);
            if (values == null) return raw;
            var next = raw;
            foreach (var pair in values)
            {
                next->name = arena.Text(pair.Key);
                next->value = pair.Value.Write(arena);
                ++next;
            }
            return raw;
        }
    }
}
