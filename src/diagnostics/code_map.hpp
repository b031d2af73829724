// What code is mapped in a process: the files, and what their ELF headers say in its memory. The worker can write most of it: every
// number is bounded, and no file is opened that it names.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "diagnostics/process_memory.hpp"

namespace capsule {

class CodeMap {
 public:
  struct Symbol {
    std::string name{};
    std::uint64_t offset = 0;  // into the function
  };

  // One program or library.
  class Module {
   public:
    Module(std::string path, std::uint64_t begin) : path_(std::move(path)), begin_(begin) {}

    [[nodiscard]] const std::string &path() const { return path_; }
    // In the file, of an address here.
    [[nodiscard]] std::uint64_t offset_of(std::uint64_t address) const { return address - bias_; }
    // Of its table of unwind tables (.eh_frame_hdr); 0: it has none.
    [[nodiscard]] std::uint64_t unwind_header() const { return unwind_header_; }
    [[nodiscard]] std::uint64_t unwind_header_bytes() const { return unwind_header_bytes_; }

   private:
    friend class CodeMap;
    // As <elf.h> has it.
    struct Entry {
      std::uint32_t name;
      std::uint8_t info;
      std::uint8_t other;
      std::uint16_t section;
      std::uint64_t value;
      std::uint64_t size;
    };

    void read_headers(ProcessMemory &memory);
    std::optional<Symbol> symbol_at(ProcessMemory &memory, std::uint64_t address) const;
    void read_symbols(ProcessMemory &memory, std::uint64_t &symbols_left);
    [[nodiscard]] std::uint64_t absolute(std::uint64_t address) const { return address < begin_ ? address + bias_ : address; }
    [[nodiscard]] static std::uint64_t count_symbols(ProcessMemory &memory, std::uint64_t hash_table);

    std::string path_;
    std::uint64_t begin_;
    std::uint64_t bias_ = 0;
    std::uint64_t dynamic_ = 0;
    std::uint64_t unwind_header_ = 0;
    std::uint64_t unwind_header_bytes_ = 0;
    std::uint64_t names_ = 0;
    std::uint64_t names_bytes_ = 0;
    std::vector<Entry> symbols_;
    bool headers_read_ = false;
    bool symbols_read_ = false;
  };

  // Reads what the kernel says is mapped.
  CodeMap(pid_t pid, ProcessMemory &memory);

  // Null where no file is mapped.
  Module *find(std::uint64_t address);
  // The exported function around the address.
  std::optional<Symbol> symbol_at(Module &module, std::uint64_t address);
  // Whether there is code.
  [[nodiscard]] bool is_code(std::uint64_t address) const;

 private:
  static constexpr std::size_t kNoModule = SIZE_MAX;
  struct Mapping {
    std::uint64_t begin;
    std::uint64_t end;
    bool code;
    std::size_t module;
  };

  void add(const std::string &line);
  [[nodiscard]] const Mapping *mapping_of(std::uint64_t address) const;

  ProcessMemory &memory_;
  std::uint64_t symbols_left_ = 262'144;  // that may still be read, of all modules
  std::vector<Module> modules_;
  std::vector<Mapping> mappings_;  // by address
};

}  // namespace capsule
