using Capsule.Raw;

namespace Capsule
{
    public sealed unsafe partial class Session
    {
        /// <summary>What the running execution does, and what it waits for; as far as the policy shows it.</summary>
        public ExecutionStatus InspectExecution(Inspection inspection = null)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                var look = inspection == null ? null : inspection.Write(arena);
                var raw = new capsule_execution_status { struct_size = (uint)sizeof(capsule_execution_status) };
                Check(Native.capsule_session_inspect_execution(Token, look, &raw, &error), &error);
                return new ExecutionStatus(&raw);
            }
        }

        /// <summary>The names of its namespace as rows; as far as the policy shows them.</summary>
        public NamespaceSummary InspectNamespace(Inspection inspection = null)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                var look = inspection == null ? null : inspection.Write(arena);
                var raw = new capsule_namespace_summary { struct_size = (uint)sizeof(capsule_namespace_summary) };
                Check(Native.capsule_session_inspect_namespace(Token, look, &raw, &error), &error);
                try
                {
                    return new NamespaceSummary(&raw);
                }
                finally
                {
                    Native.capsule_namespace_summary_release(&raw);
                }
            }
        }

        /// <summary>What keeps its code apart from the host, layer by layer.</summary>
        public IsolationReport InspectIsolation(Inspection inspection = null)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                var look = inspection == null ? null : inspection.Write(arena);
                var raw = new capsule_isolation_report { struct_size = (uint)sizeof(capsule_isolation_report) };
                Check(Native.capsule_session_inspect_isolation(Token, look, &raw, &error), &error);
                try
                {
                    return new IsolationReport(&raw);
                }
                finally
                {
                    Native.capsule_isolation_report_release(&raw);
                }
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
    }
}
