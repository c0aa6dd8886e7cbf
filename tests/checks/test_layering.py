#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""The layering check has a test of its own: samples that it must reject, and one that it must not."""
import os
import subprocess
import sys
import tempfile

CHECK = sys.argv[1]

# (path, contents, a word of the complaint, or None where it must pass)
SAMPLES = [
    ("core/store/a.c", '#include "core/keys/private-key.h"\n', None),
    ("core/store/a.c", '/* #include "core/account/client.h" */\n', None),
    ("app/commands/a.c", '#include "core/authority/admin.h"\nchar *x = getenv("A");\n', None),
    ("core/store/a.c", '#include "core/account/client.h"\n', "may not know"),
    ("core/base/a.c", '#include "core/pki/der.h"\n', "may not know"),
    ("core/pki/a.c", '#include "core/keys/private-key.h"\n', "may not know"),
    ("core/account/a.c", '#include "core/authority/registry.h"\n', "may not know"),
    ("core/authority/a.c", '#include "core/attest/pipeline.h"\n', "may not know"),
    ("core/authority/a.c", '#include "core/account/client.h"\n', "may not know"),
    ("core/attest/a.c", '#include "app/commands/command.h"\n', "may not know"),
    ("ui/a.c", '#include "core/authority/admin.h"\n', "may not know"),
    ("ui/a.c", "#include <openssl/evp.h>\n", "OpenSSL"),
    ("ui/window.c", '#include "core/account/agent.h"\n#include <gtk/gtk.h>\n', None),
    ("ui/window.c", "#include <curl/curl.h>\n", "libcurl"),
    ("ui/window.c", '#include "app/application.h"\n', "may not know"),
    ("ui/window.c", '#include "core/keys/private-key.h"\n', "may not know"),
    ("ui/window.c", 'x = g_getenv("HOME");\n', "environment"),
    ("ui/tray.c", "#include <gtk/gtk.h>\n", "before GTK"),
    ("ui/tray-menu.c", '#include "ui/window.h"\n', "before GTK"),
    ("ui/tray-menu.c", "#include <libdbusmenu-glib/server.h>\n", None),
    ("ui/window.c", "#include <libdbusmenu-glib/server.h>\n", "libdbusmenu"),
    ("core/account/agent.c", '#include "ui/window.h"\n', "may not know"),
    ("app/application.c", '#include "ui/window-module.h"\n', None),
    ("app/application.c", '#include "ui/window.h"\n', "before GTK"),
    ("ui/window-module.h", "#include <gtk/gtk.h>\n", "before GTK"),
    ("ui/window-module.c", '#include "ui/window.h"\n', None),
    ("app/application.c", "#include <gtk/gtk.h>\n", "GTK"),
    ("core/store/a.c", "#include <gtk/gtk.h>\n", "GTK"),
    ("core/account/a.c", "#include <curl/curl.h>\n", "libcurl"),
    ("core/base/http.c", "#include <microhttpd.h>\n", "libmicrohttpd"),
    ("core/base/httpd.c", "#include <curl/curl.h>\n", "libcurl"),
    ("core/base/httpd.c", "#include <gnutls/gnutls.h>\n", "GnuTLS"),
    ("core/base/httpd-tls.c", "#include <gnutls/x509.h>\n", None),
    ("core/base/http-url.h", "#include <curl/curl.h>\n", None),
    ("core/authority/service.c", "#include <sqlite3.h>\n", "SQLite"),
    ("core/authority/admin.c", 'x = "SELECT * FROM devices";\n', "SQL"),
    ("core/attest/a.c", "#include <p11-kit/p11-kit.h>\n", "PKCS#11"),
    ("core/account/a.c", 'x = g_getenv("HOME");\n', "environment"),
    ("core/authority/a.c", "x = time(NULL);\n", "clock"),
    ("core/authority/a.c", "x = g_get_real_time();\n", "clock"),
    ("core/account/a.c", "x = g_get_user_data_dir();\n", "paths"),
    ("core/account/a.c", 'g_print("hello");\n', "quiet"),
    ("core/account/a.c", "goto out;\n", "goto"),
    ("core/account/a.c", '#include "book.h"\n', "whole path"),
    ("core/account/a.c", '#include "../base/error.h"\n', "not by"),
    ("core/utils/a.c", "int x;\n", "no room"),
]


def run(path, contents):
    """Returns the check's exit code and complaints about one file."""
    with tempfile.TemporaryDirectory() as root:
        os.makedirs(os.path.join(root, os.path.dirname(path)))
        with open(os.path.join(root, path), "w", encoding="utf-8") as sample:
            sample.write(contents)
        done = subprocess.run([sys.executable, CHECK, root], capture_output=True, text=True,
                              check=False)
        return done.returncode, done.stderr


print("1..%d" % len(SAMPLES))
failed = False
for number, (path, contents, word) in enumerate(SAMPLES, 1):
    code, complaint = run(path, contents)
    good = code == 0 if word is None else code == 1 and word in complaint
    failed = failed or not good
    print("%sok %d %s %r" % ("" if good else "not ", number, path, contents))
    if not good:
        print("# exit %d: %s" % (code, complaint))
sys.exit(failed)
