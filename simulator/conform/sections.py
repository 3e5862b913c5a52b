"""Numbers and headings of the document's sections, as it prints them: the number 3.2 stands there twice.

The section 清除用户信息, which it prints with a 2, stands behind 3.25.
"""

from typing import Final

LOOKUP: Final = "3.1 获取服务器地址"
NO_FRAMES: Final = "there are no kinds of frames"
"""Why a case about frames of a WebSocket has no meaning over MQTT."""
HANDSHAKE: Final = "通道安全握手"
_FILES: Final = "3.7 上传大文件"

SECTIONS: Final = {
    "dev.register": "3.2 设备注册",
    "dev.accredit": "3.3 设备授权",
    "dev.login": "3.2 设备登录",
    "dev.report": "3.5 设备上报",
    "dev.heartbeat": "3.6 设备心跳",
    "dev.file.upload.start": _FILES,
    "dev.file.upload.package": _FILES,
    "dev.file.upload.end": _FILES,
    "dev.data.upload.user": "3.8 上传用户信息",
    "dev.data.upload.userPhoto": "3.9 上传用户照片（头像）",
    "dev.data.upload.bioPhoto": "3.10 上传用户生物特征图片",
    "dev.data.upload.multiCard": "3.11 上传卡信息",
    "dev.data.upload.verifyLog": "3.12 上传验证记录",
    "dev.data.upload.verifyPhoto": "3.13 上传验证照片",
    "dev.system.sync.time": "3.30 同步时间",
    "cmd.data.update.user": "3.14 更新人员信息",
    "cmd.data.update.meeting": "3.15 更新会议信息",
    "cmd.data.update.meetingMember": "3.16 更新会议人员信息",
    "cmd.data.update.multiCard": "3.17 更新卡信息",
    "cmd.data.update.bioPhoto": "3.18 更新人员生物特征照片",
    "cmd.data.delete.user": "3.19 删除用户信息",
    "cmd.data.delete.bioPhoto": "3.20 删除用户生物特征图片",
    "cmd.data.delete.multiCard": "3.21 删除卡信息",
    "cmd.data.delete.meeting": "3.22 删除会议信息",
    "cmd.data.delete.meetingMember": "3.23 删除会议人员",
    "cmd.data.delete.userPhoto": "3.24 删除用户照片（头像）",
    "cmd.data.query.user": "3.25 查询用户信息",
    "cmd.data.clear.user": "3.25 清除用户信息",
    "cmd.data.clear.multiCard": "3.26 清除卡信息",
    "cmd.data.clear.all": "3.27 清除全部数据",
    "cmd.option.set": "3.28 设置设备参数（会议室相关）",
    "cmd.control.reboot": "3.29 重启设备",
    "cmd.system.sync.time": "3.30 同步时间",
}
"""By funcId."""
