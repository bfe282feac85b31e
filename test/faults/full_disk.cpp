// A file system without free space, for one server and as anybody: preloaded into it (LD_PRELOAD), this makes writes
// fail with ENOSPC that would make a file longer, as a full disk does. What stands within a file can still be
// overwritten, and files may be removed.
//
// $FULL_DISK_FILE names a file that lists, a line each, the directories on which no space is left; without that file
// there is room everywhere. It is read on every write that grows a file, so a disk fills and empties at any moment.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

// Whether path lies in one of the directories listed.
bool is_listed(const char* path) {
    const char* const list = std::getenv("FULL_DISK_FILE");
    std::FILE* const file = list == nullptr ? nullptr : std::fopen(list, "re");
    if (file == nullptr) {
        return false;
    }
    char directory[4096];
    bool found = false;
    while (!found && std::fgets(directory, sizeof directory, file) != nullptr) {
        directory[std::strcspn(directory, "\n")] = '\0';
        const std::size_t length = std::strlen(directory);
        found = length > 0 && std::strncmp(path, directory, length) == 0 && path[length] == '/';
    }
    std::fclose(file);
    return found;
}

// Whether a write of so many bytes at offset (-1: where the file stands) needs space that is not there.
bool is_full(int descriptor, off_t offset, std::size_t bytes) {
    const int error = errno;
    struct stat status {};
    bool full = false;
    if (bytes > 0 && fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode)) {
        if (offset < 0) {
            const bool appends = (fcntl(descriptor, F_GETFL) & O_APPEND) != 0;
            offset = appends ? status.st_size : lseek(descriptor, 0, SEEK_CUR);
        }
        if (offset + static_cast<off_t>(bytes) > status.st_size) {
            char link[64];
            char path[4096];
            std::snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
            const ssize_t length = readlink(link, path, sizeof path - 1);
            if (length > 0) {
                path[length] = '\0';
                full = is_listed(path);
            }
        }
    }
    errno = full ? ENOSPC : error;
    return full;
}

std::size_t total(const iovec* parts, int count) {
    std::size_t bytes = 0;
    for (int i = 0; i < count; ++i) {
        bytes += parts[i].iov_len;
    }
    return bytes;
}

template <class Function> Function next(const char* name) {
    return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

} // namespace

extern "C" {

ssize_t write(int descriptor, const void* data, size_t bytes) {
    static const auto real = next<ssize_t (*)(int, const void*, size_t)>("write");
    return is_full(descriptor, -1, bytes) ? -1 : real(descriptor, data, bytes);
}

ssize_t pwrite(int descriptor, const void* data, size_t bytes, off_t offset) {
    static const auto real = next<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
    return is_full(descriptor, offset, bytes) ? -1 : real(descriptor, data, bytes, offset);
}

ssize_t pwrite64(int descriptor, const void* data, size_t bytes, off64_t offset) {
    return pwrite(descriptor, data, bytes, offset);
}

ssize_t pwritev(int descriptor, const iovec* parts, int count, off_t offset) {
    static const auto real = next<ssize_t (*)(int, const iovec*, int, off_t)>("pwritev");
    return is_full(descriptor, offset, total(parts, count)) ? -1 : real(descriptor, parts, count, offset);
}

ssize_t pwritev64(int descriptor, const iovec* parts, int count, off64_t offset) {
    return pwritev(descriptor, parts, count, offset);
}

int posix_fallocate(int descriptor, off_t offset, off_t bytes) { // returns the error
    static const auto real = next<int (*)(int, off_t, off_t)>("posix_fallocate");
    return is_full(descriptor, offset, static_cast<std::size_t>(bytes)) ? ENOSPC : real(descriptor, offset, bytes);
}

int posix_fallocate64(int descriptor, off64_t offset, off64_t bytes) {
    return posix_fallocate(descriptor, offset, bytes);
}

} // extern "C"
