using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;

namespace Capsule.Tests
{
    /// <summary>JSON as objects: Dictionary, List, string, long or decimal digits, double, bool, null. For tests: what is no JSON throws.</summary>
    internal sealed class Json
    {
        private readonly string text;
        private int at;

        private Json(string text)
        {
            this.text = text;
        }

        internal static object Parse(string text)
        {
            var parser = new Json(text);
            var value = parser.Value();
            parser.Space();
            return parser.at == text.Length ? value : throw new FormatException($"no JSON at {parser.at}");
        }

        /// <summary>As text that is equal where the values are: keys sorted, no spaces.</summary>
        internal static string Show(object value)
        {
            if (value == null) return "null";
            if (value is bool) return (bool)value ? "true" : "false";
            if (value is string) return Quote((string)value);
            if (value is double)
            {
                var number = (double)value;
                return number.ToString("R", CultureInfo.InvariantCulture) + (number == Math.Floor(number) ? ".0" : "");
            }
            if (value is IDictionary<string, object>)
            {
                var sorted = ((IDictionary<string, object>)value).OrderBy(pair => pair.Key, StringComparer.Ordinal);
                return "{" + string.Join(",", sorted.Select(pair => Quote(pair.Key) + ":" + Show(pair.Value))) + "}";
            }
            if (value is IEnumerable<object>) return "[" + string.Join(",", ((IEnumerable<object>)value).Select(Show)) + "]";
            return Convert.ToString(value, CultureInfo.InvariantCulture);
        }

        private static string Quote(string text)
        {
            var quoted = new StringBuilder("\"");
            foreach (var c in text)
            {
                if (c == '"' || c == '\\') quoted.Append('\\').Append(c);
                else if (c < ' ') quoted.Append($"\\u{(int)c:x4}");
                else quoted.Append(c);
            }
            return quoted.Append('"').ToString();
        }

        private object Value()
        {
            Space();
            switch (text[at])
            {
                case '{': return Pairs();
                case '[': return Items();
                case '"': return String();
                case 't': return Word("true", true);
                case 'f': return Word("false", false);
                case 'n': return Word("null", null);
                default: return Number();
            }
        }

        private object Pairs()
        {
            var pairs = new Dictionary<string, object>();
            Walk('}', () =>
            {
                Space();
                var key = String();
                Space();
                Expect(':');
                pairs.Add(key, Value());
            });
            return pairs;
        }

        private object Items()
        {
            var items = new List<object>();
            Walk(']', () => items.Add(Value()));
            return items;
        }

        private void Walk(char end, Action one)
        {
            ++at;
            Space();
            if (text[at] == end)
            {
                ++at;
                return;
            }
            for (;;)
            {
                one();
                Space();
                if (text[at++] == end) return;
                if (text[at - 1] != ',') throw new FormatException($"no JSON at {at - 1}");
            }
        }

        private string String()
        {
            Expect('"');
            var parsed = new StringBuilder();
            while (text[at] != '"')
            {
                if (text[at] != '\\')
                {
                    parsed.Append(text[at++]);
                    continue;
                }
                var escape = text[at + 1];
                at += 2;
                if (escape == 'u')
                {
                    parsed.Append((char)int.Parse(text.Substring(at, 4), NumberStyles.HexNumber));
                    at += 4;
                }
                else
                {
                    var place = "bfnrt".IndexOf(escape);
                    parsed.Append(place < 0 ? escape : "\b\f\n\r\t"[place]);
                }
            }
            ++at;
            return parsed.ToString();
        }

        private object Number()
        {
            var begin = at;
            while (at < text.Length && "+-.0123456789eE".IndexOf(text[at]) >= 0) ++at;
            var digits = text.Substring(begin, at - begin);
            if (digits.IndexOfAny(new[] { '.', 'e', 'E' }) >= 0) return double.Parse(digits, CultureInfo.InvariantCulture);
            return long.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
                ? (object)number : decimal.Parse(digits, CultureInfo.InvariantCulture);
        }

        private object Word(string word, object value)
        {
            if (string.CompareOrdinal(text, at, word, 0, word.Length) != 0) throw new FormatException($"no JSON at {at}");
            at += word.Length;
            return value;
        }

        private void Expect(char c)
        {
            if (text[at++] != c) throw new FormatException($"no JSON at {at - 1}");
        }

        private void Space()
        {
            while (at < text.Length && char.IsWhiteSpace(text[at])) ++at;
        }
    }
}
