# The extension, by PGXS: make, make install, make installcheck (pg_regress and isolation tests).
# The relay and the unit tests are built by CMakeLists.txt; scripts/test runs everything.

EXTENSION    = extension/pg_booking
EXTVERSION  := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" $(EXTENSION).control)
PG_CONFIG   ?= pg_config

INSTALL_SQL  = $(EXTENSION)--$(EXTVERSION).sql
DATA_built   = $(INSTALL_SQL)
DATA         = $(wildcard extension/upgrade/*.sql)

MODULE_big   = pg_booking
SRCS         = $(sort $(wildcard extension/src/core/*.cpp extension/src/pg/*.cpp))
OBJS         = $(SRCS:.cpp=.o)
SCHEMA_INC   = extension/generated/schema.inc
EXTRA_CLEAN  = $(SRCS:.cpp=.d) extension/generated results output_iso regression.out regression.diffs

# -isystem: the server's headers need not pass our warnings.
PG_CPPFLAGS  = -Iextension/src -Iextension/generated -isystem $(shell $(PG_CONFIG) --includedir-server) \
               -DPGBK_VERSION='"$(EXTVERSION)"'
PG_CXXFLAGS  = -std=c++20 -Wall -Wextra -Wshadow -Wno-register $(if $(WERROR),-Werror)
SHLIB_LINK   = -lstdc++ -Wl,--version-script=extension/pg_booking.map

REGRESS        = $(patsubst sql/%.sql,%,$(sort $(wildcard sql/*.sql)))
REGRESS_OPTS   = --encoding=UTF8 --no-locale
ISOLATION      = $(patsubst test/isolation/specs/%.spec,%,$(sort $(wildcard test/isolation/specs/*.spec)))
ISOLATION_OPTS = --inputdir=test/isolation

# No LLVM bitcode: none of our functions is worth inlining into a query, and building needs no clang then.
override with_llvm = no

PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# PGXS passes C warning flags to C++ and does not track headers.
override CXXFLAGS += -MMD -MP
-include $(SRCS:.cpp=.d)

$(INSTALL_SQL): $(sort $(wildcard extension/sql/*.sql))
	cat $^ > $@

# The folders too: a file that is gone leaves no other trace.
$(SCHEMA_INC): extension/schema/embed $(wildcard extension/schema/* extension/schema/*/*.sql)
	mkdir -p $(@D)
	extension/schema/embed extension/schema > $@.new
	mv $@.new $@

extension/src/pg/install.o: $(SCHEMA_INC)

.PHONY: generated
generated: $(SCHEMA_INC)
