using System;
using Capsule.Raw;

namespace Capsule
{
    /// <summary>A call of the library failed. An exception of the Python code is never one: it is an event.</summary>
    public class CapsuleException : Exception
    {
        /// <summary>A status and the library's sentence.</summary>
        public CapsuleException(Status status, string message) : base(message)
        {
            Status = status;
        }

        /// <summary>The status that the call returned.</summary>
        public Status Status { get; }
    }

    /// <summary>The time that the call was given ran out; nothing was lost.</summary>
    public sealed class CapsuleTimeoutException : CapsuleException
    {
        /// <summary>With the library's sentence.</summary>
        public CapsuleTimeoutException(string message) : base(Status.Timeout, message)
        {
        }
    }

    /// <summary>The library is missing, or is not of a version that this binding can use.</summary>
    public sealed class LibraryException : Exception
    {
        /// <summary>With a sentence that names both versions.</summary>
        public LibraryException(string message) : base(message)
        {
        }
    }

    internal static unsafe class Errors
    {
        internal static capsule_error New() => new capsule_error { struct_size = (uint)sizeof(capsule_error) };

        internal static void Check(Status status, capsule_error* error)
        {
            if (status != Status.Ok) throw Of(status, error);
        }

        internal static CapsuleException Of(Status status, capsule_error* error)
        {
            var message = error->status == status ? Texts.String(error->message) : Texts.String(Native.capsule_status_text(status));
            return status == Status.Timeout ? new CapsuleTimeoutException(message) : new CapsuleException(status, message);
        }
    }
}
