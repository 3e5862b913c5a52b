"""Numbers and headings of the document's sections, as it prints them: the number 3.2 stands there twice."""

from typing import Final

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
}
"""By funcId."""
