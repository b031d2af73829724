// From frames to plain values: what is not as the schema says is refused whole.
#include <flatbuffers/flatbuffers.h>

#include <cstring>

#include "capsule/value.h"
#include "wire/codec.hpp"
#include "wire_generated.h"

namespace capsule::wire {
namespace {

// The verifier's limits: our tables nest two deep and hold at most a handful of tables.
constexpr flatbuffers::uoffset_t kMaxDepth = 8;
constexpr flatbuffers::uoffset_t kMaxTables = CAPSULE_MAX_INPUTS + 16;

// One overload a message. A frame's vectors may lie in one another as far as the verifier goes: a million names that are all the same
// eight megabytes, of which whoever keeps them needs eight terabytes. Our own do not, and so all that a frame refers to is no more than
// the frame.
class BodyReader {
 public:
  explicit BodyReader(std::size_t frame_bytes) : left_(frame_bytes) {}

  Body read_body(const fb::Envelope &envelope);
  // Whether what was read may be believed.
  [[nodiscard]] bool sound() const { return sound_; }

 private:
  bool holds(std::size_t bytes) {
    sound_ = sound_ && bytes <= left_;
    left_ -= sound_ ? bytes : 0;
    return sound_;
  }
  Text text(const char *data, std::size_t size) { return holds(size) ? Text(data, size) : Text(); }

  Text view(const flatbuffers::String *value) { return value == nullptr ? Text() : text(value->data(), value->size()); }

  Text view(const flatbuffers::Vector<std::uint8_t> *value) {
    return value == nullptr ? Text() : text(reinterpret_cast<const char *>(value->data()), value->size());
  }

  std::vector<Text> view(const flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>> *values) {
    std::vector<Text> views;
    if (values != nullptr && holds(values->size() * sizeof(flatbuffers::Offset<flatbuffers::String>))) {
      views.reserve(values->size());
      for (const auto *value : *values) {
        views.push_back(view(value));
      }
    }
    return views;
  }

  // Copied as bytes: the verifier does not see to it that elements of 8 bytes are aligned.
  template <typename Number>
  std::vector<Number> numbers(const flatbuffers::Vector<Number> *values) {
    std::vector<Number> list(values == nullptr || !holds(values->size() * sizeof(Number)) ? 0 : values->size());
    if (!list.empty()) {
      std::memcpy(list.data(), values->Data(), list.size() * sizeof(Number));
    }
    return list;
  }

  Item item(const fb::Item &m) {
    return {view(m.name()), m.kind(), view(m.data()), view(m.format()), numbers(m.shape()), m.attached()};
  }

  std::vector<Item> view(const flatbuffers::Vector<flatbuffers::Offset<fb::Item>> *items) {
    std::vector<Item> list;
    if (items != nullptr) {
      list.reserve(items->size());
      for (const auto *one : *items) {
        list.push_back(item(*one));
      }
    }
    return list;
  }

  Answer answer(const fb::Answer &m) {
    return Answer{m.request_id(),       m.status(),          view(m.message()),  m.kind(),
                  view(m.data()),       view(m.type_name()), view(m.format()),   numbers(m.shape()),
                  numbers(m.strides()), m.size_bytes(),      m.total(),          view(m.names()),
                  view(m.types()),      numbers(m.sizes()),  numbers(m.kinds()), m.attached()};
  }

  std::shared_ptr<const Answer> view(const fb::Answer *value) {
    return value == nullptr ? nullptr : std::make_shared<const Answer>(answer(*value));
  }

  std::optional<Bill> view(const fb::Bill *bill) {
    if (bill == nullptr) {
      return std::nullopt;
    }
    return Bill{bill->user_cpu_ns(),  bill->system_cpu_ns(),      bill->peak_resident_delta_bytes(), bill->minor_faults(),
                bill->major_faults(), bill->voluntary_switches(), bill->involuntary_switches()};
  }

  Body read(const fb::Hello &m) {
    return Hello{m.protocol_major(),
                 m.protocol_minor(),
                 m.features(),
                 m.max_frame_bytes(),
                 m.session_id(),
                 m.heartbeat_interval_ms(),
                 m.output_window_bytes(),
                 m.output_policy(),
                 m.idle_tasks(),
                 m.coalesce_carriage_returns(),
                 m.drain_timeout_ms(),
                 m.input_timeout_ms(),
                 m.display_limit_bytes(),
                 m.progress_interval_ns(),
                 m.async_flags(),
                 m.ast_cache_entries(),
                 m.code_cache_entries(),
                 m.calls(),
                 m.trace_level(),
                 m.trace_messages(),
                 m.trace_half()};
  }
  Body read(const fb::HelloAck &m) { return HelloAck{m.protocol_major(), m.protocol_minor(), m.features(), view(m.reason())}; }
  Body read(const fb::Preload &m) { return Preload{view(m.modules()), view(m.native_thread_allow())}; }
  Body read(const fb::Ready &m) {
    return Ready{m.pid(),
                 view(m.python_version()),
                 view(m.python_path()),
                 view(m.capabilities()),
                 view(m.native_thread_modules()),
                 view(m.failure())};
  }
  Body read(const fb::Fork &m) { return Fork{m.session_id(), m.spawn(), m.keep()}; }
  Body read(const fb::Forked &m) { return Forked{m.session_id(), m.pid(), view(m.failure())}; }
  Body read(const fb::Exited &m) {
    return Exited{m.session_id(), m.pid(), m.exit_code(), m.signal_number(), m.orphans_killed()};
  }
  Body read(const fb::Heartbeat &m) {
    return Heartbeat{m.resident_bytes(),   m.private_bytes(),        m.cpu_ns(),
                     m.threads(),          m.namespace_size(),       m.execution_age_ns(),
                     m.send_failures(),    m.peak_resident_bytes(),  m.shared_bytes(),
                     m.open_descriptors(), m.namespace_counted_ns(), m.execution_id()};
  }
  Body read(const fb::Execute &m) {
    return Execute{view(m.source()), view(m.file_name()), view(m.traceparent()), view(m.tracestate()), m.mode(),
                   m.names_scope(),  view(m.inputs()),    m.result_kind(),       m.discard_sources(),  m.watch_effects()};
  }
  Body read(const fb::Output &m) {
    return Output{m.stream(), view(m.data()), m.queue_position(), m.captured_position(), m.origin(), m.writer_id()};
  }
  Body read(const fb::InputRequest &m) { return InputRequest{m.input_id(), view(m.prompt()), m.secret(), m.timeout_ms()}; }
  Body read(const fb::InputResponse &m) { return InputResponse{m.input_id(), view(m.text()), m.declined(), view(m.failure())}; }
  Body read(const fb::Result &m) {
    return Result{view(m.repr()),    m.repr_size_bytes(), view(m.type_name()), view(m.json()),  m.duration_ns(), view(m.bill()),
                  m.input_wait_ns(), m.code_class(),      m.dropped_bytes(),   view(m.value()), m.call_wait_ns()};
  }
  Body read(const fb::Error &m) {
    return Error{view(m.error_type()), view(m.message()), view(m.traceback()), m.exit_code(),
                 m.interrupted(),      m.duration_ns(),   view(m.bill()),      m.input_wait_ns(),
                 m.code_class(),       m.dropped_bytes(), m.call_wait_ns()};
  }
  Body read(const fb::Cancel &) { return Cancel{}; }
  Body read(const fb::Interrupt &) { return Interrupt{}; }
  Body read(const fb::Shutdown &) { return Shutdown{}; }
  Body read(const fb::Log &m) { return Log{m.level(), view(m.line())}; }
  Body read(const fb::Credit &m) { return Credit{m.bytes()}; }
  Body read(const fb::Display &m) {
    Display display{view(m.display_id()), m.update(), m.is_result(), {}, view(m.metadata())};
    if (m.parts() != nullptr) {
      display.parts.reserve(m.parts()->size());
      for (const auto *part : *m.parts()) {
        display.parts.push_back({view(part->mime_type()), view(part->data())});
      }
    }
    return display;
  }
  Body read(const fb::Progress &m) { return Progress{view(m.progress_id()), m.value(), m.total(), view(m.label())}; }
  Body read(const fb::Ask &m) {
    return Ask{m.request_id(), m.operation(), view(m.name()),  m.kind(),    m.option(),
               m.limit(),      m.fork_id(),   view(m.items()), m.attached()};
  }
  Body read(const fb::Answer &m) { return answer(m); }
  Body read(const fb::Call &m) {
    Call call{m.call_id(),       view(m.capability()), view(m.arguments()),
              view(m.site()),    m.occurrence(),       m.timeout_ms(),
              m.waits_on_work(), view(m.names()),      {}};
    if (m.values() != nullptr) {
      call.values.reserve(m.values()->size());
      for (const auto *value : *m.values()) {
        call.values.push_back(answer(*value));
      }
    }
    return call;
  }
  Body read(const fb::CallAnswer &m) {
    return CallAnswer{m.call_id(),
                      static_cast<CallOutcome>(m.outcome()),
                      m.more(),
                      m.value() == nullptr ? std::nullopt : std::optional(item(*m.value())),
                      view(m.error_type()),
                      view(m.message()),
                      view(m.reason()),
                      m.request_id(),
                      m.timeout_ms()};
  }
  Body read(const fb::CallGiveUp &m) { return CallGiveUp{m.call_id()}; }
  Body read(const fb::TraceEvents &m) { return TraceEvents{numbers(m.words()), m.dropped()}; }
  Body read(const fb::CallCredit &m) { return CallCredit{m.call_id(), m.count()}; }
  Body read(const fb::CallPiece &m) {
    return CallPiece{m.call_id(), m.end(), m.value() == nullptr ? std::nullopt : std::optional(answer(*m.value()))};
  }

  template <typename Table>
  static Body read_as(BodyReader &reader, const fb::Envelope &envelope) {
    return reader.read(*envelope.body_as<Table>());
  }

  std::size_t left_;
  bool sound_ = true;
};

Body BodyReader::read_body(const fb::Envelope &envelope) {
  using Reader = Body (*)(BodyReader &, const fb::Envelope &);
  // In the order of the union; index 0 is NONE.
  static constexpr Reader readers[] = {
      nullptr,
      read_as<fb::Hello>,
      read_as<fb::HelloAck>,
      read_as<fb::Preload>,
      read_as<fb::Ready>,
      read_as<fb::Fork>,
      read_as<fb::Forked>,
      read_as<fb::Exited>,
      read_as<fb::Heartbeat>,
      read_as<fb::Execute>,
      read_as<fb::Output>,
      read_as<fb::InputRequest>,
      read_as<fb::InputResponse>,
      read_as<fb::Result>,
      read_as<fb::Error>,
      read_as<fb::Cancel>,
      read_as<fb::Interrupt>,
      read_as<fb::Shutdown>,
      read_as<fb::Log>,
      read_as<fb::Credit>,
      read_as<fb::Display>,
      read_as<fb::Progress>,
      read_as<fb::Ask>,
      read_as<fb::Answer>,
      read_as<fb::Call>,
      read_as<fb::CallAnswer>,
      read_as<fb::CallGiveUp>,
      read_as<fb::CallCredit>,
      read_as<fb::CallPiece>,
      read_as<fb::TraceEvents>,
  };
  static_assert(std::size(readers) == static_cast<std::size_t>(fb::Body::MAX) + 1);
  const auto kind = static_cast<std::uint8_t>(envelope.body_type());
  if (kind == 0 || kind >= std::size(readers) || envelope.body() == nullptr) {
    return Unknown{kind};
  }
  return readers[kind](*this, envelope);
}

}  // namespace

capsule::Result<Envelope> decode(std::span<const std::uint8_t> frame) {
  flatbuffers::Verifier verifier(frame.data(), frame.size(), kMaxDepth, kMaxTables);
  if (!fb::VerifySizePrefixedEnvelopeBuffer(verifier)) {
    return Status(CAPSULE_E_PROTOCOL, "a frame of " + std::to_string(frame.size()) + " bytes is malformed");
  }
  const fb::Envelope *root = fb::GetSizePrefixedEnvelope(frame.data());
  BodyReader reader(frame.size());
  Envelope envelope{root->message_id(), root->execution_id(), root->time_ns(), reader.read_body(*root)};
  if (!reader.sound()) {
    return Status(CAPSULE_E_PROTOCOL, "a frame of " + std::to_string(frame.size()) + " bytes tells of more than it holds");
  }
  return envelope;
}

Status check_peer(std::uint16_t protocol_major, std::uint16_t protocol_minor, Text reason) {
  if (!reason.empty()) {
    return {CAPSULE_E_PROTOCOL, "the peer refused: " + std::string(reason)};
  }
  if (protocol_major != kProtocolMajor) {
    return {CAPSULE_E_PROTOCOL, "the peer speaks protocol " + std::to_string(protocol_major) + "." +
                                    std::to_string(protocol_minor) + ", this side speaks " + std::to_string(kProtocolMajor) +
                                    "." + std::to_string(kProtocolMinor) + "; install library and worker of one release"};
  }
  return {};
}

const char *body_name(const Body &body) { return fb::EnumNamesBody()[body.index()]; }

const char *message_name(std::size_t number) {
  return number < std::variant_size_v<Body> ? fb::EnumNamesBody()[number] : nullptr;
}

}  // namespace capsule::wire
