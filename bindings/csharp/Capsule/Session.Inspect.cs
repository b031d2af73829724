using System;
using Capsule.Raw;

namespace Capsule
{
    // Looks that the policy guards: one that asks for more than it allows is a CapsuleException of status Denied.
    public sealed unsafe partial class Session
    {
        /// <summary>What the running execution does, and what it waits for; as far as the policy shows it. Does not wait.</summary>
        public ExecutionStatus InspectExecution(Inspection inspection = null) => Told.capsule_session_inspect_execution(this, inspection);

        /// <summary>
        /// The names of its namespace as rows; as far as the policy shows them. Waits for the worker, TimeoutMs of the inspection at most;
        /// then it tells what the host knows.
        /// </summary>
        public NamespaceSummary InspectNamespace(Inspection inspection = null) => Told.capsule_session_inspect_namespace(this, inspection);

        /// <summary>What keeps its code apart from the host, layer by layer.</summary>
        public IsolationReport InspectIsolation(Inspection inspection = null) => Told.capsule_session_inspect_isolation(this, inspection);

        /// <summary>As <see cref="Stack"/>, at the level that is asked for and for the caller that is named; no other member is looked at.</summary>
        public StackTrace InspectStack(Inspection inspection = null, StackOptions options = null)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                IntPtr token;
                var look = inspection == null ? null : inspection.Write(arena);
                var raw = options == null ? null : options.Write(arena);
                Check(Native.capsule_session_inspect_stack(Token, look, raw, &token, &error), &error);
                return StackTrace.Taken(token);
            }
        }

        /// <summary>Narrows what may be seen of it; it cannot be undone.</summary>
        public void NarrowIntrospection(IntrospectionPolicy policy)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                Check(Native.capsule_session_narrow_introspection(Token, policy.Write(arena), &error), &error);
            }
        }

        /// <summary>Begins to sample where its Python code stands; how much the lines tell, <c>Stack</c> of the policy says.</summary>
        public Profile Profile(ProfileOptions options = null)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                IntPtr token;
                var raw = options == null ? null : options.Write(arena);
                Check(Native.capsule_session_profile(Token, raw, &token, &error), &error);
                return new Profile(token);
            }
        }
    }
}
