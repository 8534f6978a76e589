// Ends a server of ours when nobody is left to end it.
#pragma once

#include <string>

namespace strata::outside {

/// Starts a process, no child of this one, that waits for the process `watched` to end. Then it ends the server that
/// has its data in `directory`/data, if one still runs, and removes `directory`. So a test or a ctest that is killed
/// leaves nothing behind.
void start_guard(int watched, const std::string& directory);

/// The process of the server that runs on the data in `directory`/data; 0: none.
int server_process(const std::string& directory);

}  // namespace strata::outside
