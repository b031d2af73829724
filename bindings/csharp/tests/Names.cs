using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;

namespace Capsule.Tests
{
    /// <summary>From the names of C, which the scenarios have, to those of C#, and back.</summary>
    internal static class Names
    {
        internal static string Camel(string name) =>
            string.Concat(name.Split('_').Where(part => part.Length > 0).Select(part => char.ToUpperInvariant(part[0]) + part.Substring(1)));

        internal static string Snake(object value)
        {
            var name = new StringBuilder();
            foreach (var c in value.ToString())
            {
                if (char.IsUpper(c) && name.Length > 0) name.Append('_');
                name.Append(char.ToLowerInvariant(c));
            }
            return name.ToString();
        }

        internal static string OfStatus(Status status) =>
            (status == Status.Ok ? "CAPSULE_" : "CAPSULE_E_") + Snake(status).ToUpperInvariant();

        /// <summary>Sets options by their names in C: numbers, texts, lists of texts, enumerations by their names.</summary>
        internal static T Fill<T>(T options, IDictionary<string, object> given)
        {
            foreach (var pair in given)
            {
                var property = typeof(T).GetProperty(Camel(pair.Key)) ?? throw new Failure($"unknown option {pair.Key}");
                property.SetValue(options, Convert(pair.Value, property.PropertyType));
            }
            return options;
        }

        private static object Convert(object value, Type type)
        {
            if (type.IsEnum) return Enum.Parse(type, Camel((string)value));
            if (type == typeof(string[])) return ((IEnumerable)value).Cast<string>().ToArray();
            if (value is bool flag) value = flag ? 1 : 0;
            return System.Convert.ChangeType(value, type, CultureInfo.InvariantCulture);
        }

        internal static object Field(object record, string name)
        {
            var property = record.GetType().GetProperty(Camel(name)) ?? throw new Failure($"{record.GetType().Name} has no {name}");
            var value = property.GetValue(record);
            return value is Enum ? System.Convert.ToInt64(value) : value;
        }
    }

    /// <summary>A scenario or test did not go as it should.</summary>
    internal sealed class Failure : Exception
    {
        internal Failure(string message) : base(message)
        {
        }

        internal static void Unless(string what, object actual, object expected)
        {
            var (is_, should) = (Json.Show(actual), Json.Show(expected));
            if (is_ != should) throw new Failure($"{what} is {is_}, not {should}");
        }
    }
}
