"""Every write of saved views and target lists."""

from accounts.lists.services.fates import follow_fates, follow_merged, hold_followed
from accounts.lists.services.files import add_file, drop_file, drop_old_files, keep_file, read_file_as
from accounts.lists.services.lists import (
    change_list,
    change_rule,
    create_list,
    delete_list,
    restore_list,
)
from accounts.lists.services.members import add_accounts, remove_accounts, undo_change
from accounts.lists.services.refreshing import refresh_list, refresh_lists
from accounts.lists.services.signing import propose_list, sign_list, withdraw_signature
from accounts.lists.services.views import (
    begin_function,
    change_view,
    copy_view,
    create_view,
    delete_view,
    move_view,
    restore_view,
    set_default,
)

__all__ = [
    "add_accounts",
    "add_file",
    "begin_function",
    "change_list",
    "change_rule",
    "change_view",
    "copy_view",
    "create_list",
    "create_view",
    "delete_list",
    "delete_view",
    "drop_file",
    "drop_old_files",
    "follow_fates",
    "follow_merged",
    "hold_followed",
    "keep_file",
    "move_view",
    "propose_list",
    "read_file_as",
    "refresh_list",
    "refresh_lists",
    "remove_accounts",
    "restore_list",
    "restore_view",
    "set_default",
    "sign_list",
    "undo_change",
    "withdraw_signature",
]
