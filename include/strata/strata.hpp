// All of Strata.
#pragma once

#include "strata/agent.hpp"
#include "strata/collection.hpp"
#include "strata/consumer_group.hpp"
#include "strata/copy.hpp"
#include "strata/dump.hpp"
#include "strata/engine.hpp"
#include "strata/error.hpp"
#include "strata/options.hpp"
#include "strata/queue.hpp"
#include "strata/search.hpp"
#include "strata/store.hpp"
#include "strata/stream.hpp"
#include "strata/subscription.hpp"
#include "strata/transaction.hpp"
#include "strata/types.hpp"
#include "strata/value.hpp"
