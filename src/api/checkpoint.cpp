#include "capsule/checkpoint.h"

#include <nlohmann/json.hpp>

#include "api/call.hpp"
#include "api/handles.hpp"
#include "api/owned_struct.hpp"
#include "base/clock.hpp"
#include "base/file.hpp"
#include "base/text_view.hpp"
#include "checkpoint/checkpoint.hpp"

using capsule::Checkpoint;
using capsule::CheckpointWish;
using capsule::Result;
using capsule::Status;
using capsule::text_of;
using namespace capsule::api;

// What entries own.
struct capsule_checkpoint_storage {
  std::shared_ptr<Checkpoint> checkpoint;
  std::vector<Checkpoint::Entry> report;
  std::vector<capsule_checkpoint_entry> entries;
};

namespace {

constexpr std::size_t kCheckpointNameMax = 256;
constexpr std::size_t kMetadataMax = 64U << 10U;
constexpr std::size_t kMinKey = 16;
constexpr std::size_t kMaxKey = 1024;
constexpr std::int64_t kMaxLevel = 19;
constexpr std::int64_t kMaxBytes = std::int64_t{1} << 40U;
// What a file may have beside its body: a manifest and an incompressible rest.
constexpr std::uint64_t kFileOverhead = 128U << 20U;

Result<CheckpointWish> translate(const capsule_checkpoint_options *given) {
  auto read = read_options(given, capsule_checkpoint_options_init, "options");
  if (!read.ok()) {
    return read.status();
  }
  const capsule_checkpoint_options &o = read.value();
  auto name = read_text("options.name", o.name, kCheckpointNameMax);
  auto metadata = read_text("options.metadata", o.metadata, kMetadataMax);
  const auto most = static_cast<std::int64_t>(std::min<std::uint64_t>(o.max_bytes, INT64_MAX));
  for (const Status &status :
       {name.status(), metadata.status(), check_range("options.compression_level", o.compression_level, 0, kMaxLevel),
        check_range("options.max_bytes", most, 1, kMaxBytes)}) {
    if (!status.ok()) {
      return status;
    }
  }
  if (o.key.size > 0 && (o.key.data == nullptr || o.key.size < kMinKey || o.key.size > kMaxKey)) {
    return Status(CAPSULE_E_ARGUMENT, "options.key has " + std::to_string(o.key.size) + " bytes; it can have 0, or 16 to 1024");
  }
  if (!metadata.value().empty() && !nlohmann::json::parse(metadata.value(), nullptr, /*allow_exceptions=*/false).is_object()) {
    return Status(CAPSULE_E_ARGUMENT, "options.metadata is no JSON object");
  }
  return CheckpointWish{std::move(name.value()), std::move(metadata.value()),
                        o.key.size > 0 ? std::string(o.key.data, o.key.size) : std::string(), o.compression_level, o.max_bytes};
}

void write_entries(std::unique_ptr<capsule_checkpoint_storage> holder, const std::vector<Checkpoint::Entry> &from,
                   capsule_checkpoint_entries *entries) {
  for (const Checkpoint::Entry &entry : from) {
    holder->entries.push_back({text_of(entry.name), text_of(entry.type_name), text_of(entry.reason), entry.status, entry.kind});
  }
  capsule_checkpoint_entries fields{.entries = holder->entries.data(), .count = holder->entries.size()};
  fields.storage = holder.release();
  static_cast<void>(write_struct(entries, fields, "entries"));  // the size was checked
}

Status hand_over(const std::shared_ptr<Checkpoint> &found, capsule_checkpoint **checkpoint) {
  if (found == nullptr) {
    return {CAPSULE_E_NAME, "the session keeps no such checkpoint"};
  }
  *checkpoint = make_handle<capsule_checkpoint>(found);
  return {};
}

}  // namespace

extern "C" {

void capsule_checkpoint_options_init(capsule_checkpoint_options *options, uint32_t struct_size) {
  capsule_checkpoint_options defaults{};
  defaults.compression_level = 1;
  defaults.max_bytes = std::uint64_t{1} << 30U;
  write_defaults(options, struct_size, defaults);
}

capsule_status capsule_session_checkpoint(capsule_session *session, const capsule_checkpoint_options *options,
                                          int64_t timeout_ms, capsule_checkpoint **checkpoint, capsule_error *error) {
  return call(error, [&]() -> Status {
    if (checkpoint == nullptr) {
      return {CAPSULE_E_ARGUMENT, "checkpoint is NULL"};
    }
    *checkpoint = nullptr;
    auto found = look_up(session);
    auto translated = translate(options);
    for (const Status &status : {found.status(), translated.status(), check_wait("capsule_session_checkpoint", timeout_ms)}) {
      if (!status.ok()) {
        return status;
      }
    }
    auto made = found.value()->make_checkpoint(translated.value(), capsule::deadline_after_ms(timeout_ms));
    if (!made.ok()) {
      return made.status();
    }
    *checkpoint = make_handle<capsule_checkpoint>(std::move(made.value()));
    return {};
  });
}

capsule_status capsule_session_restore_checkpoint(capsule_session *session, capsule_checkpoint *checkpoint, uint32_t flags,
                                                  int64_t timeout_ms, capsule_checkpoint_entries *report,
                                                  capsule_error *error) {
  return call(error, [&]() -> Status {
    if (Status status = report == nullptr ? Status() : empty_owned(report, "report"); !status.ok()) {
      return status;
    }
    auto found = look_up(session);
    auto source = look_up(checkpoint);
    for (const Status &status :
         {found.status(), source.status(), check_range("flags", flags, 0, CAPSULE_RESTORE_MERGE | CAPSULE_RESTORE_KEEP),
          check_wait("capsule_session_restore_checkpoint", timeout_ms)}) {
      if (!status.ok()) {
        return status;
      }
    }
    if (flags == CAPSULE_RESTORE_KEEP) {
      return {CAPSULE_E_ARGUMENT, "flags: CAPSULE_RESTORE_KEEP without CAPSULE_RESTORE_MERGE"};
    }
    if (!source.value()->is_verified()) {
      return {CAPSULE_E_CHECKPOINT, "checkpoint: it is signed, and was read without its key"};
    }
    auto told = found.value()->restore_checkpoint(*source.value(), flags, capsule::deadline_after_ms(timeout_ms));
    if (!told.ok()) {
      return told.status();
    }
    auto entries = capsule::read_report(told.value());
    if (entries.ok() && report != nullptr) {
      auto holder = std::make_unique<capsule_checkpoint_storage>();
      holder->report = std::move(entries.value());
      const std::vector<Checkpoint::Entry> &from = holder->report;
      write_entries(std::move(holder), from, report);
    }
    return entries.status();
  });
}

capsule_status capsule_session_keep_checkpoint(capsule_session *session, capsule_checkpoint *checkpoint, capsule_error *error) {
  return call(error, [&]() -> Status {
    auto found = look_up(session);
    auto source = look_up(checkpoint);
    for (const Status &status : {found.status(), source.status()}) {
      if (!status.ok()) {
        return status;
      }
    }
    return found.value()->keep_checkpoint(source.value());
  });
}

capsule_status capsule_session_find_checkpoint(capsule_session *session, const char *name, size_t name_size,
                                               capsule_checkpoint **checkpoint, capsule_error *error) {
  return call(error, [&]() -> Status {
    if (checkpoint == nullptr) {
      return {CAPSULE_E_ARGUMENT, "checkpoint is NULL"};
    }
    *checkpoint = nullptr;
    auto found = look_up(session);
    auto text = read_text("name", {name, name_size}, kCheckpointNameMax);
    for (const Status &status : {found.status(), text.status()}) {
      if (!status.ok()) {
        return status;
      }
    }
    return hand_over(found.value()->find_checkpoint(text.value()), checkpoint);
  });
}

capsule_status capsule_session_checkpoint_at(capsule_session *session, size_t index, capsule_checkpoint **checkpoint,
                                             capsule_error *error) {
  return call(error, [&]() -> Status {
    if (checkpoint == nullptr) {
      return {CAPSULE_E_ARGUMENT, "checkpoint is NULL"};
    }
    *checkpoint = nullptr;
    auto found = look_up(session);
    return found.ok() ? hand_over(found.value()->checkpoint_at(index), checkpoint) : found.status();
  });
}

capsule_status capsule_session_forget_checkpoint(capsule_session *session, const char *name, size_t name_size,
                                                 capsule_error *error) {
  return call(error, [&]() -> Status {
    auto found = look_up(session);
    auto text = read_text("name", {name, name_size}, kCheckpointNameMax);
    for (const Status &status : {found.status(), text.status()}) {
      if (!status.ok()) {
        return status;
      }
    }
    return found.value()->forget_checkpoint(text.value());
  });
}

capsule_status capsule_checkpoint_read(const void *data, size_t size, const capsule_checkpoint_options *options,
                                       capsule_checkpoint **checkpoint, capsule_error *error) {
  return call(error, [&]() -> Status {
    if (checkpoint == nullptr || data == nullptr) {
      return {CAPSULE_E_ARGUMENT, checkpoint == nullptr ? "checkpoint is NULL" : "data is NULL"};
    }
    *checkpoint = nullptr;
    auto translated = translate(options);
    if (!translated.ok()) {
      return translated.status();
    }
    auto read = Checkpoint::read(std::string(static_cast<const char *>(data), size), translated.value().key,
                                 translated.value().max_bytes);
    if (!read.ok()) {
      return read.status();
    }
    *checkpoint = make_handle<capsule_checkpoint>(std::move(read.value()));
    return {};
  });
}

capsule_status capsule_checkpoint_read_file(const char *path, size_t path_size, const capsule_checkpoint_options *options,
                                            capsule_checkpoint **checkpoint, capsule_error *error) {
  return call(error, [&]() -> Status {
    if (checkpoint == nullptr) {
      return {CAPSULE_E_ARGUMENT, "checkpoint is NULL"};
    }
    *checkpoint = nullptr;
    auto translated = translate(options);
    auto name = read_text("path", {path, path_size}, kMaxPath);
    if (!translated.ok() || !name.ok()) {
      return translated.ok() ? name.status() : translated.status();
    }
    auto bytes = capsule::read_file(name.value(), translated.value().max_bytes + kFileOverhead);
    if (!bytes.ok()) {
      return bytes.status();
    }
    auto read = Checkpoint::read(std::move(bytes.value()), translated.value().key, translated.value().max_bytes);
    if (!read.ok()) {
      return read.status();
    }
    *checkpoint = make_handle<capsule_checkpoint>(std::move(read.value()));
    return {};
  });
}

capsule_status capsule_checkpoint_write_file(capsule_checkpoint *checkpoint, const char *path, size_t path_size,
                                             capsule_error *error) {
  return call(error, [&]() -> Status {
    auto found = look_up(checkpoint);
    auto name = read_text("path", {path, path_size}, kMaxPath);
    if (!found.ok() || !name.ok()) {
      return found.ok() ? name.status() : found.status();
    }
    if (name.value().empty()) {
      return {CAPSULE_E_ARGUMENT, "path is empty"};
    }
    auto bytes = found.value()->bytes();
    return bytes.ok() ? capsule::write_file_atomically(name.value(), bytes.value()) : bytes.status();
  });
}

capsule_status capsule_checkpoint_get_data(capsule_checkpoint *checkpoint, const void **data, size_t *size,
                                           capsule_error *error) {
  return call(error, [&]() -> Status {
    if (data == nullptr || size == nullptr) {
      return {CAPSULE_E_ARGUMENT, data == nullptr ? "data is NULL" : "size is NULL"};
    }
    auto found = look_up(checkpoint);
    if (!found.ok()) {
      return found.status();
    }
    auto bytes = found.value()->bytes();
    if (!bytes.ok()) {
      return bytes.status();
    }
    *data = bytes.value().data();
    *size = bytes.value().size();
    return {};
  });
}

capsule_status capsule_checkpoint_get_info(capsule_checkpoint *checkpoint, capsule_checkpoint_info *info,
                                           capsule_error *error) {
  return call(error, [&]() -> Status {
    auto found = look_up(checkpoint);
    if (!found.ok()) {
      return found.status();
    }
    const Status status = found.value()->describe();
    return status.ok() ? write_struct(info, found.value()->info(), "info") : status;
  });
}

capsule_status capsule_checkpoint_list(capsule_checkpoint *checkpoint, capsule_checkpoint_entries *entries,
                                       capsule_error *error) {
  return call(error, [&]() -> Status {
    if (Status status = empty_owned(entries, "entries"); !status.ok()) {
      return status;
    }
    auto found = look_up(checkpoint);
    if (!found.ok()) {
      return found.status();
    }
    if (Status status = found.value()->describe(); !status.ok()) {
      return status;
    }
    auto holder = std::make_unique<capsule_checkpoint_storage>();
    holder->checkpoint = found.value();
    write_entries(std::move(holder), found.value()->entries(), entries);
    return {};
  });
}

void capsule_checkpoint_entries_release(capsule_checkpoint_entries *entries) {
  free_quietly([&] { release_owned(entries); });
}

void capsule_checkpoint_release(capsule_checkpoint *checkpoint) { release_handle(checkpoint); }

}  // extern "C"
