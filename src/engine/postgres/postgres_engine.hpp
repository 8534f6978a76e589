// Engine `postgres:`: a schema of a PostgreSQL database (libpq), for many processes on many machines.
#pragma once

namespace strata::engine {

void register_postgres_engine();

}  // namespace strata::engine
