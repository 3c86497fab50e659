"""Reads a file as those would who look for contributors: with exiftool, exiv2 and, a film, FFmpeg's own demuxer."""

import io
import json
import shutil
import subprocess
import tempfile
from pathlib import Path

_STRUCTURE = {  # what any picture or film says of itself without saying anything of anybody
    *("SourceFile", "ExifTool:ExifToolVersion"),
    *(f"File:{name}" for name in ("FileType", "FileTypeExtension", "MIMEType", "ImageWidth", "ImageHeight")),
    *(f"File:{name}" for name in ("EncodingProcess", "BitsPerSample", "ColorComponents", "YCbCrSubSampling")),
    *(f"JFIF:{name}" for name in ("JFIFVersion", "ResolutionUnit", "XResolution", "YResolution")),
    *(f"Composite:{name}" for name in ("ImageSize", "Megapixels", "AvgBitrate", "Rotation")),
    *(f"QuickTime:{name}" for name in ("MajorBrand", "MinorVersion", "CompatibleBrands", "MediaDataSize")),
    *(f"QuickTime:{name}" for name in ("MediaDataOffset", "MovieHeaderVersion", "TimeScale", "Duration")),
    *(f"QuickTime:{name}" for name in ("PreferredRate", "PreferredVolume", "PreviewTime", "PreviewDuration")),
    *(f"QuickTime:{name}" for name in ("PosterTime", "SelectionTime", "SelectionDuration", "CurrentTime")),
    *(f"QuickTime:{name}" for name in ("NextTrackID", "MatrixStructure", "MediaData")),
}
_TRACK = {
    *("TrackHeaderVersion", "TrackID", "TrackDuration", "TrackLayer", "TrackVolume", "ImageWidth", "ImageHeight"),
    *("MatrixStructure", "MediaHeaderVersion", "MediaTimeScale", "MediaDuration", "HandlerType", "GraphicsMode"),
    *("OpColor", "CompressorID", "SourceImageWidth", "SourceImageHeight", "XResolution", "YResolution", "BitDepth"),
    *("VideoFrameRate", "Balance", "AudioFormat", "AudioChannels", "AudioBitsPerSample", "AudioSampleRate"),
    *("PixelAspectRatio", "ColorProfiles", "ColorPrimaries", "TransferCharacteristics", "MatrixCoefficients"),
    *(
        "VideoFullRangeFlag",
        "BufferSize",
        "MaxBitrate",
        "AverageBitrate",
        "ColorRepresentation",
        "QuickTime_ColorRep_0x000a",
    ),
}
_EMPTY = {  # allowed only with these values
    "CreateDate": {"0000:00:00 00:00:00"},
    "ModifyDate": {"0000:00:00 00:00:00"},
    "TrackCreateDate": {"0000:00:00 00:00:00"},
    "TrackModifyDate": {"0000:00:00 00:00:00"},
    "MediaCreateDate": {"0000:00:00 00:00:00"},
    "MediaModifyDate": {"0000:00:00 00:00:00"},
    "HandlerDescription": {"", "VideoHandler", "SoundHandler"},
    "MediaLanguageCode": {"und"},
    "HandlerVendorID": {""},
    "Free": {"(Binary data 0 bytes, use -b option to extract)"},
}
_TABLES = {  # of figures; the walker looks into each
    *("AVCConfiguration", "SyncSampleTable", "CompositionTimeToSample", "SampleToChunk", "SampleSizes", "ChunkOffset"),
    *("TimeToSampleTable", "SampleGroupDescription", "SampleToGroup", "Unknown_edts", "Unknown_esds", "Unknown_btrt"),
}
_HERE = (
    "Directory",
    "FileName",
    "FileSize",
    "FileModifyDate",
    "FileAccessDate",
    "FileInodeChangeDate",
    "FilePermissions",
)
_FILM = {"major_brand", "minor_version", "compatible_brands"}
_STREAM = {"language": {"und"}, "handler_name": {"", "VideoHandler", "SoundHandler"}, "vendor_id": {"[0][0][0][0]"}}


class Exiftool:
    """One exiftool that reads many files; None of it runs where the program isn't installed."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def here(self) -> bool:
        """Whether this machine has the program."""
        return shutil.which("exiftool") is not None

    def tags(self, data: bytes) -> dict[str, object]:
        """All tags it sees in `data`, with their groups."""
        path = Path(self._folder.name, "read")
        path.write_bytes(data)
        process = self._process = self._process or subprocess.Popen(
            ["exiftool", "-stay_open", "True", "-@", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert process.stdin
        assert process.stdout
        process.stdin.write(b"\n".join([b"-j", b"-G1", b"-a", b"-u", b"-ee3", b"-U", bytes(path), b"-execute", b""]))
        process.stdin.flush()
        lines = iter(process.stdout.readline, b"{ready}\n")
        (said,) = json.loads(b"".join(lines))
        return said

    def close(self) -> None:
        """End the program and remove its folder."""
        if self._process:
            self._process.communicate(b"-stay_open\nFalse\n")
            self._process = None
        self._folder.cleanup()

    def faults(self, data: bytes) -> list[str]:
        """The tags that say more than structure."""
        return [f"exiftool reads {key}: {value!r}" for key, value in self.tags(data).items() if not _plain(key, value)]


def _plain(key: str, value: object) -> bool:
    group, _, name = key.rpartition(":")
    if name in _EMPTY:
        return value in _EMPTY[name]
    if group == "System":
        return name in _HERE
    return key in _STRUCTURE or (group.startswith("Track") and name in _TRACK | _TABLES)


def picture_faults(data: bytes) -> list[str]:
    """What exiv2 reads in a picture: Exif, XMP, IPTC, comment, colour profile, previews."""
    import exiv2

    exiv2.LogMsg.setLevel(exiv2.LogMsg.Level.mute)
    image = exiv2.ImageFactory.open(data)
    image.readMetadata()
    lists = {"Exif": image.exifData(), "XMP": image.xmpData(), "IPTC": image.iptcData()}
    found = [f"exiv2 reads {kind}: {datum.key()}" for kind, data_ in lists.items() for datum in data_]
    if image.comment():
        found.append(f"exiv2 reads a comment: {image.comment()!r}")
    if image.iccProfileDefined():
        found.append("exiv2 reads a colour profile")
    return found + ["exiv2 reads a preview" for _ in exiv2.PreviewManager(image).getPreviewProperties()]


def film_faults(data: bytes) -> list[str]:
    """What FFmpeg's demuxer reads in a film beside one picture track and one sound track."""
    import av

    with av.open(io.BytesIO(data), format="mov") as file:
        found = [f"FFmpeg reads {key}: {value!r}" for key, value in file.metadata.items() if key not in _FILM]
        kinds = [stream.type for stream in file.streams]
        if sorted(kinds) not in (["audio", "video"], ["video"]):
            found.append(f"FFmpeg sees tracks: {kinds}")
        found += [f"FFmpeg sees a chapter: {chapter}" for chapter in file.chapters()]
        for stream in file.streams:
            said = stream.metadata.items()
            found += [f"FFmpeg reads {key}: {value!r}" for key, value in said if value not in _STREAM.get(key, ())]
    return found
