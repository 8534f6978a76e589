// The work of bench/search.cpp with sqlite-vec: a program of its own, for it needs a SQLite that loads extensions.
//
//   strata_bench_sqlite_vec EXTENSION DIRECTORY DIMENSION SECONDS
#include <dlfcn.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "bench/sqlite_database.hpp"

namespace strata::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Floats = std::vector<float>;

constexpr std::size_t k = 10;
constexpr std::size_t groups = 100;
constexpr std::size_t inserts = 100;

std::vector<Floats> read_floats(const std::string& path, std::size_t dimension) {
  std::ifstream file(path, std::ios::binary);
  std::vector<Floats> rows;
  Floats row(dimension);
  while (file.read(reinterpret_cast<char*>(row.data()), static_cast<std::streamsize>(dimension * sizeof(float))))
    rows.push_back(row);
  return rows;
}

struct Task {
  std::size_t groups = 0;
  std::vector<std::vector<std::uint32_t>> answers;
};

std::vector<Task> read_tasks(const std::string& path, std::size_t queries) {
  std::ifstream file(path);
  std::vector<Task> tasks;
  for (Task task; file >> task.groups; tasks.push_back(std::move(task)), task = {}) {
    for (std::size_t query = 0; query < queries; ++query) {
      auto& answer = task.answers.emplace_back(k);
      for (std::uint32_t& number : answer) file >> number;
    }
  }
  return tasks;
}

std::string_view bytes_of(const Floats& vector) {
  return {reinterpret_cast<const char*>(vector.data()), vector.size() * sizeof(float)};
}

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

void tell(const std::string& work, const std::vector<double>& times_us, double recall) {
  double sum = 0;
  std::cout << "{\"work\":\"" << work << "\",\"times_us\":[";
  for (std::size_t i = 0; i < times_us.size(); ++i) {
    std::cout << (i > 0 ? "," : "") << times_us[i];
    sum += times_us[i] / 1e6;
  }
  std::cout << "],\"seconds\":" << sum;
  if (recall >= 0) std::cout << ",\"recall\":" << recall;
  std::cout << "}" << std::endl;
}

class SqliteVec {
 public:
  SqliteVec(const std::string& path, std::size_t dimension) : database_(path) {
    database_.run("CREATE VIRTUAL TABLE IF NOT EXISTS vectors USING vec0(embedding float[" + std::to_string(dimension) +
                  "], grp integer)");
    insert_ = database_.prepare("INSERT INTO vectors (rowid, embedding, grp) VALUES (?, ?, ?)");
    nearest_ = database_.prepare("SELECT rowid FROM vectors WHERE embedding MATCH ? AND k = 10");
    filtered_ = database_.prepare("SELECT rowid FROM vectors WHERE embedding MATCH ? AND k = 10 AND grp < ?");
  }
  void begin() { database_.run("BEGIN"); }
  void commit() { database_.run("COMMIT"); }
  void put(std::size_t number, const Floats& vector) {
    insert_.bind(1, static_cast<std::int64_t>(number));
    insert_.bind_blob(2, bytes_of(vector));
    insert_.bind(3, static_cast<std::int64_t>(number % groups));
    insert_.run();
  }
  std::vector<std::uint32_t> search(const Floats& query, std::size_t of_groups) {
    SqliteStatement& statement = of_groups < groups ? filtered_ : nearest_;
    statement.bind_blob(1, bytes_of(query));
    if (of_groups < groups) statement.bind(2, static_cast<std::int64_t>(of_groups));
    std::vector<std::uint32_t> found;
    while (statement.step()) found.push_back(static_cast<std::uint32_t>(statement.number(0)));
    statement.reset();
    return found;
  }

 private:
  SqliteDatabase database_;
  SqliteStatement insert_;
  SqliteStatement nearest_;
  SqliteStatement filtered_;
};

void ask(SqliteVec& store, const std::vector<Floats>& queries, const Task& task, double seconds) {
  std::vector<double> times;
  std::size_t found = 0;
  const auto start = Clock::now();
  do {
    for (std::size_t number = 0; number < queries.size(); ++number) {
      const auto begin = Clock::now();
      const auto rows = store.search(queries[number], task.groups);
      times.push_back(seconds_since(begin) * 1e6);
      const auto& answer = task.answers[number];
      for (const std::uint32_t row : rows) found += std::binary_search(answer.begin(), answer.end(), row) ? 1 : 0;
    }
  } while (seconds_since(start) < seconds);
  const std::string name = task.groups == groups ? "all" : std::to_string(task.groups) + " % match";
  tell("10 nearest, " + name, times, static_cast<double>(found) / static_cast<double>(k * times.size()));
}

void insert(SqliteVec& store, std::size_t first, std::size_t dimension) {
  std::mt19937_64 random(1);
  std::normal_distribution<float> element;
  std::vector<double> times;
  for (std::size_t number = 0; number < inserts; ++number) {
    Floats vector(dimension);
    for (float& one : vector) one = element(random);
    const auto begin = Clock::now();
    store.put(first + number, vector);
    const auto rows = store.search(vector, groups);
    times.push_back(seconds_since(begin) * 1e6);
    if (std::find(rows.begin(), rows.end(), first + number) == rows.end())
      throw std::runtime_error("what was put is not found");
  }
  tell("put one, until a search finds it", times, -1);
}

void run(const std::vector<std::string>& words) {
  const std::string directory = words.at(1);
  const std::size_t dimension = std::stoul(words.at(2));
  const double seconds = std::stod(words.at(3));
  void* extension = ::dlopen(words.at(0).c_str(), RTLD_NOW);
  void* start = extension ? ::dlsym(extension, "sqlite3_vec_init") : nullptr;
  if (!start) throw std::runtime_error(std::string("cannot load sqlite-vec: ") + ::dlerror());
  sqlite3_auto_extension(reinterpret_cast<void (*)()>(start));
  const auto vectors = read_floats(directory + "/vectors.f32", dimension);
  const auto queries = read_floats(directory + "/queries.f32", dimension);
  const auto tasks = read_tasks(directory + "/answers.txt", queries.size());
  const std::string path = directory + "/sqlite-vec.db";
  constexpr std::size_t per_commit = 1'000;
  const auto begin = Clock::now();
  {
    SqliteVec store(path, dimension);
    for (std::size_t number = 0; number < vectors.size(); ++number) {
      if (number % per_commit == 0) store.begin();
      store.put(number, vectors[number]);
      if (number % per_commit == per_commit - 1 || number + 1 == vectors.size()) store.commit();
    }
    std::ostringstream figure;
    figure.precision(3);
    figure << seconds_since(begin) << " s";
    std::cout << R"({"work":"put and index all","figure":")" << figure.str() << "\"}" << std::endl;
    for (const Task& task : tasks) ask(store, queries, task, seconds);
    insert(store, vectors.size(), dimension);
  }
  std::vector<double> opened;
  for (int time = 0; time < 5; ++time) {
    const auto again = Clock::now();
    SqliteVec store(path, dimension);
    static_cast<void>(store.search(queries[0], groups));
    opened.push_back(seconds_since(again) * 1e3);
  }
  std::sort(opened.begin(), opened.end());
  std::ostringstream figure;
  figure.precision(3);
  figure << opened[2] << " ms";
  std::cout << R"({"work":"open, until the first answer","figure":")" << figure.str() << "\"}\nend" << std::endl;
}

}  // namespace
}  // namespace strata::bench

int main(int count, char** words) {
  try {
    strata::bench::run({words + 1, words + count});
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "sqlite-vec: " << error.what() << '\n';
    return 1;
  }
}
